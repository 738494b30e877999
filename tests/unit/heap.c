/* SPDX-License-Identifier: EUPL-1.2 */
/* malloc(), calloc() and free() of a test, by the linker's --wrap. */
#include "tests/unit/heap.h"

#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#define BLOCKS	8192

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void __wrap_free(void *p);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local int outside;
static const char *secrets[HEAP_SECRETS];
static struct {
	bool	 on;
	long	 countdown;		/* to the allocation that fails; 0: none does */
	bool	 failed;
	size_t	 live, bytes, peak, spilled;
	size_t	 top;			/* no block stands at or above it */
	void	*block[BLOCKS];
	size_t	 size[BLOCKS];
} heap;

static bool
holds_secret(const void *p)
{
	size_t n = malloc_usable_size((void *)(uintptr_t)p);

	for (size_t i = 0; i < HEAP_SECRETS; i++)
		if (secrets[i] != NULL && memmem(p, n, secrets[i], strlen(secrets[i])) != NULL)
			return true;
	return false;
}

static void
take_down(void *p)
{
	for (size_t i = 0; i < BLOCKS; i++)
		if (heap.block[i] == NULL) {
			heap.block[i] = p;
			heap.size[i] = malloc_usable_size(p);
			heap.live++;
			heap.bytes += heap.size[i];
			if (heap.top <= i)
				heap.top = i + 1;
			break;
		}
	if (heap.peak < heap.bytes)
		heap.peak = heap.bytes;
}

/* All of a block is looked at when it is given back, so all of it must be something. */
static void *
born(void *p)
{
	if (p == NULL)
		return NULL;
	memset(p, 0, malloc_usable_size(p));
	pthread_mutex_lock(&lock);
	if (heap.on && outside == 0)
		take_down(p);
	pthread_mutex_unlock(&lock);
	return p;
}

static bool
fails_now(void)
{
	bool fails;

	pthread_mutex_lock(&lock);
	fails = heap.on && outside == 0 && heap.countdown != 0 && --heap.countdown == 0;
	heap.failed = heap.failed || fails;
	pthread_mutex_unlock(&lock);
	return fails;
}

void *
__wrap_malloc(size_t n)
{
	return fails_now() ? NULL : born(__real_malloc(n));
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails_now() ? NULL : born(__real_calloc(n, size));
}

void
__wrap_free(void *p)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; p != NULL && i < heap.top; i++)
		if (heap.block[i] == p) {
			heap.block[i] = NULL;
			heap.bytes -= heap.size[i];
			heap.live--;
			heap.spilled += holds_secret(p);
			break;
		}
	pthread_mutex_unlock(&lock);
	__real_free(p);
}

void
heap_watch(long fail)
{
	pthread_mutex_lock(&lock);
	memset(&heap, 0, sizeof(heap));
	heap.countdown = fail;
	heap.on = true;
	pthread_mutex_unlock(&lock);
}

void
heap_rest(void)
{
	pthread_mutex_lock(&lock);
	heap.on = false;
	pthread_mutex_unlock(&lock);
}

void
heap_spare(void)
{
	pthread_mutex_lock(&lock);
	heap.countdown = 0;
	pthread_mutex_unlock(&lock);
}

bool
heap_failed(void)
{
	return heap.failed;
}

void
heap_secret(const char *secret)
{
	for (size_t i = 0; i < HEAP_SECRETS; i++)
		if (secrets[i] == NULL) {
			secrets[i] = secret;
			return;
		}
}

void
heap_no_secrets(void)
{
	memset(secrets, 0, sizeof(secrets));
}

size_t
heap_live(void)
{
	return heap.live;
}

size_t
heap_peak(void)
{
	return heap.peak;
}

size_t
heap_spilled(void)
{
	return heap.spilled;
}

size_t
heap_holding(void)
{
	size_t n = 0;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < heap.top; i++)
		n += heap.block[i] != NULL && holds_secret(heap.block[i]);
	pthread_mutex_unlock(&lock);
	return n;
}

void
heap_outside(bool in)
{
	outside += in ? 1 : -1;
}
