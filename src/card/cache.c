/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The state file: "DZC1", then records of kind (1 byte), key and value (fields of
 * base/frame.h), newest first.  Each change writes it anew, under a lock.
 */
#include "card/cache.h"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/frame.h"

#define MAGIC		"DZC1"
#define STATE_MAX	(512 * 1024)
#define VALUE_MAX	60000
#define LOCK_TRIES	100	/* of a millisecond each */

enum kind {
	KIND_CARD = 1, KIND_UNKNOWN, KIND_WRONG_PINS, KIND_QUERY_COSTS, KIND_ATTESTATION,
	KIND_PROFILE, KINDS
};

/* How many of each are kept. */
static const unsigned kept[KINDS] = {
	[KIND_CARD] = 16, [KIND_UNKNOWN] = 32, [KIND_WRONG_PINS] = 64,
	[KIND_QUERY_COSTS] = 16, [KIND_ATTESTATION] = 16, [KIND_PROFILE] = 32,
};

struct card_cache {
	int	 fd;
};

struct record {
	uint8_t	   kind;
	struct cur key, value;
};

static void
fd_drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Ours alone, and what it should be. */
static enum err
check_ours(int fd, mode_t type, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return fail(ERR_SYS, "%s: %s", path, strerror(errno));
	if ((st.st_mode & S_IFMT) != type || st.st_uid != geteuid() ||
	    (st.st_mode & 077) != 0 || (type == S_IFREG && st.st_nlink != 1))
		return fail(ERR_CONFIG, "%s: must be ours alone", path);
	return ERR_OK;
}

static enum err
make_dir(const char *dir)
{
	char parent[4096];
	const char *slash = strrchr(dir, '/');

	if (mkdir(dir, 0700) == 0 || errno == EEXIST)
		return ERR_OK;
	if (errno == ENOENT && slash != NULL && slash != dir &&
	    cur_to_str(cur_of(dir, (size_t)(slash - dir)), parent, sizeof(parent)) &&
	    (mkdir(parent, 0700) == 0 || errno == EEXIST) &&
	    (mkdir(dir, 0700) == 0 || errno == EEXIST))
		return ERR_OK;
	return fail(ERR_SYS, "%s: %s", dir, strerror(errno));
}

enum err
card_cache_open(const char *dir, struct card_cache **ret)
{
	AUTO(fd_drop) int d = -1, fd = -1;
	struct card_cache *c;
	enum err r;

	if ((r = make_dir(dir)) != ERR_OK)
		return r;
	d = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (d < 0)
		return fail(ERR_SYS, "%s: %s", dir, strerror(errno));
	if ((r = check_ours(d, S_IFDIR, dir)) != ERR_OK)
		return r;
	fd = openat(d, "state", O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	    0600);
	if (fd < 0)
		return fail(ERR_SYS, "%s/state: %s", dir, strerror(errno));
	if ((r = check_ours(fd, S_IFREG, "state")) != ERR_OK)
		return note(r, "%s", dir);
	if ((c = malloc(sizeof(*c))) == NULL)
		return fail(ERR_NOMEM, "card cache");
	c->fd = fd;
	fd = -1;
	*ret = c;
	return ERR_OK;
}

void
card_cache_close(struct card_cache **c)
{
	if (*c == NULL)
		return;
	fd_drop(&(*c)->fd);
	free(*c);
	*c = NULL;
}

/* A process that was stopped with the lock in its hand must not stop a login. */
static bool
lock(const struct card_cache *c)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(c->fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		nanosleep(&pause, NULL);
	}
	return false;
}

static void
unlock(const struct card_cache *c)
{
	(void)flock(c->fd, LOCK_UN);
}

/* The whole file into text, and the records after the magic. */
static struct cur
load(const struct card_cache *c, struct buf *text)
{
	uint8_t chunk[4096];
	struct cur all, magic;
	ssize_t n;

	while ((n = pread(c->fd, chunk, sizeof(chunk), (off_t)text->len)) > 0) {
		buf_put(text, chunk, (size_t)n);
		if (buf_end(text) != ERR_OK)
			return cur_of(NULL, 0);
	}
	all = buf_view(text);
	if (n < 0 || !cur_take(&all, strlen(MAGIC), &magic) || !cur_eq_str(magic, MAGIC))
		return cur_of(NULL, 0);
	return all;
}

static bool
next_record(struct cur *in, struct record *ret)
{
	return cur_u8(in, &ret->kind) && ret->kind < KINDS && ret->kind != 0 &&
	    field_take(in, &ret->key) && field_take(in, &ret->value);
}

static void
put_record(struct buf *b, const struct record *r)
{
	buf_u8(b, r->kind);
	field_put(b, r->key);
	field_put(b, r->value);
}

/* Emptied first: a program that is killed here leaves no record that is half another's. */
static bool
write_all(const struct card_cache *c, struct cur content)
{
	off_t at = 0;

	if (ftruncate(c->fd, 0) != 0)
		return false;
	while (content.n != 0) {
		ssize_t n = pwrite(c->fd, content.p, content.n, at);
		struct cur done;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || !cur_take(&content, (size_t)n, &done))
			return false;
		at += n;
	}
	return true;
}

/* ERR_NOT_FOUND, or the value appended to ret. */
static enum err
find(const struct card_cache *c, enum kind kind, struct cur key, struct buf *ret)
{
	AUTO(buf_free) struct buf text = BUF(STATE_MAX);
	struct record rec;
	struct cur in;

	if (!lock(c))
		return ERR_NOT_FOUND;
	in = load(c, &text);
	unlock(c);
	while (next_record(&in, &rec))
		if (rec.kind == kind && cur_eq(rec.key, key)) {
			buf_cur(ret, rec.value);
			return buf_end(ret);
		}
	return ERR_NOT_FOUND;
}

/* Write the file with *first (NULL: none) in front and without what it replaces. */
static void
rewrite(const struct card_cache *c, enum kind kind, struct cur key,
    const struct record *first)
{
	AUTO(buf_free) struct buf text = BUF(STATE_MAX), next = BUF(STATE_MAX);
	unsigned count[KINDS] = { 0 };
	struct record rec;
	struct cur in;

	if (!lock(c))
		return;
	in = load(c, &text);
	buf_str(&next, MAGIC);
	if (first != NULL) {
		put_record(&next, first);
		count[kind]++;
	}
	while (next_record(&in, &rec)) {
		size_t need = 5 + rec.key.n + rec.value.n;

		if ((rec.kind == kind && cur_eq(rec.key, key)) ||
		    count[rec.kind] == kept[rec.kind] || need > next.max - next.len)
			continue;
		put_record(&next, &rec);
		count[rec.kind]++;
	}
	/* Written in part, it ends in the middle of a record: that is seen. */
	if (buf_end(&next) == ERR_OK && !write_all(c, buf_view(&next)))
		(void)!ftruncate(c->fd, 0);
	unlock(c);
}

static void
put(const struct card_cache *c, enum kind kind, struct cur key, struct cur value)
{
	const struct record rec = { (uint8_t)kind, key, value };

	if (key.n + value.n <= VALUE_MAX)
		rewrite(c, kind, key, &rec);
}

static void
put_card_key(struct buf *b, const char *profile, const char *serial)
{
	field_put(b, cur_str(profile));
	field_put(b, cur_str(serial));
}

enum err
card_cache_get(struct card_cache *c, const char *profile, const char *serial,
    struct buf *ret_saved, struct buf *ret_cert)
{
	AUTO(buf_free) struct buf key = BUF(256), value = BUF(VALUE_MAX);
	struct cur in, saved, cert;
	enum err r;

	put_card_key(&key, profile, serial);
	if ((r = find(c, KIND_CARD, buf_view(&key), &value)) != ERR_OK)
		return r;
	in = buf_view(&value);
	if (!field_take(&in, &saved) || !field_take(&in, &cert) || in.n != 0)
		return ERR_NOT_FOUND;
	buf_cur(ret_saved, saved);
	buf_cur(ret_cert, cert);
	return buf_end(ret_saved) != ERR_OK || buf_end(ret_cert) != ERR_OK ?
	    ERR_NOT_FOUND : ERR_OK;
}

void
card_cache_put(struct card_cache *c, const char *profile, const char *serial,
    struct cur saved, struct cur cert)
{
	AUTO(buf_free) struct buf key = BUF(256), value = BUF(VALUE_MAX);

	put_card_key(&key, profile, serial);
	field_put(&value, saved);
	field_put(&value, cert);
	if (buf_end(&key) == ERR_OK && buf_end(&value) == ERR_OK)
		put(c, KIND_CARD, buf_view(&key), buf_view(&value));
}

void
card_cache_drop(struct card_cache *c, const char *profile, const char *serial)
{
	AUTO(buf_free) struct buf key = BUF(256);

	put_card_key(&key, profile, serial);
	rewrite(c, KIND_CARD, buf_view(&key), NULL);
	rewrite(c, KIND_ATTESTATION, buf_view(&key), NULL);
}

enum err
card_cache_get_attestation(struct card_cache *c, const char *profile, const char *serial,
    struct cur cert, struct buf *ret_statement, struct buf *ret_device)
{
	AUTO(buf_free) struct buf key = BUF(256), value = BUF(VALUE_MAX);
	struct cur in, of, statement, device;
	enum err r;

	put_card_key(&key, profile, serial);
	if ((r = find(c, KIND_ATTESTATION, buf_view(&key), &value)) != ERR_OK)
		return r;
	in = buf_view(&value);
	if (!field_take(&in, &of) || !cur_eq(of, cert) || !field_take(&in, &statement) ||
	    !field_take(&in, &device) || in.n != 0)
		return ERR_NOT_FOUND;
	buf_cur(ret_statement, statement);
	buf_cur(ret_device, device);
	return buf_end(ret_statement) != ERR_OK || buf_end(ret_device) != ERR_OK ?
	    ERR_NOT_FOUND : ERR_OK;
}

void
card_cache_put_attestation(struct card_cache *c, const char *profile, const char *serial,
    struct cur cert, struct cur statement, struct cur device)
{
	AUTO(buf_free) struct buf key = BUF(256), value = BUF(VALUE_MAX);

	put_card_key(&key, profile, serial);
	field_put(&value, cert);
	field_put(&value, statement);
	field_put(&value, device);
	if (buf_end(&key) == ERR_OK && buf_end(&value) == ERR_OK)
		put(c, KIND_ATTESTATION, buf_view(&key), buf_view(&value));
}

/*
 * An insertion: this reader, this count of events, this ATR, this run of pcscd.  And who
 * says so: a program with other profiles, or of another version, may know the card.
 */
static void
put_verdict(struct buf *b, const struct profile *const *profiles,
    const struct pcsc_reader_state *s)
{
	field_put(b, cur_str(PACKAGE_VERSION));
	buf_u64(b, profiles_digest(profiles));
	field_put(b, cur_str(s->name));
	buf_u32(b, s->event_counter);
	buf_u64(b, s->service);
	field_put(b, cur_of(s->atr, s->atr_len));
}

static void
set_verdict(struct card_cache *c, enum kind kind, const struct profile *const *profiles,
    const struct pcsc_reader_state *s, struct cur value)
{
	AUTO(buf_free) struct buf key = BUF(256);

	/* The next run of pcscd may count to the same number, and this would be believed. */
	if (s->service == 0)
		return;
	put_verdict(&key, profiles, s);
	/* There is one verdict: the last. */
	rewrite(c, kind == KIND_PROFILE ? KIND_UNKNOWN : KIND_PROFILE, buf_view(&key),
	    NULL);
	put(c, kind, buf_view(&key), value);
}

struct pcsc_reader_state
card_cache_insertion(const struct reader *r)
{
	struct pcsc_reader_state s = { .event_counter = r->event_counter,
	    .atr_len = r->atr_len, .service = r->service };

	memcpy(s.name, r->name, sizeof(s.name));
	memcpy(s.atr, r->atr, sizeof(s.atr));
	return s;
}

bool
card_cache_profile(struct card_cache *c, const struct profile *const *profiles,
    const struct pcsc_reader_state *s, char *ret, size_t size)
{
	AUTO(buf_free) struct buf key = BUF(256), value = BUF(256);

	put_verdict(&key, profiles, s);
	return find(c, KIND_PROFILE, buf_view(&key), &value) == ERR_OK &&
	    cur_to_str(buf_view(&value), ret, size);
}

void
card_cache_set_profile(struct card_cache *c, const struct profile *const *profiles,
    const struct pcsc_reader_state *s, const char *profile)
{
	set_verdict(c, KIND_PROFILE, profiles, s, cur_str(profile));
}

bool
card_cache_is_unknown(struct card_cache *c, const struct profile *const *profiles,
    const struct pcsc_reader_state *s)
{
	AUTO(buf_free) struct buf key = BUF(256), value = BUF(16);

	put_verdict(&key, profiles, s);
	return find(c, KIND_UNKNOWN, buf_view(&key), &value) == ERR_OK;
}

void
card_cache_set_unknown(struct card_cache *c, const struct profile *const *profiles,
    const struct pcsc_reader_state *s)
{
	set_verdict(c, KIND_UNKNOWN, profiles, s, cur_of(NULL, 0));
}

unsigned
card_cache_wrong_pins(struct card_cache *c, const char *serial)
{
	AUTO(buf_free) struct buf value = BUF(16);

	if (find(c, KIND_WRONG_PINS, cur_str(serial), &value) != ERR_OK || value.len != 1)
		return 0;
	return value.p[0];
}

void
card_cache_set_wrong_pins(struct card_cache *c, const char *serial, unsigned n)
{
	const uint8_t count = n < 255 ? (uint8_t)n : 255;

	if (n == 0)
		rewrite(c, KIND_WRONG_PINS, cur_str(serial), NULL);
	else
		put(c, KIND_WRONG_PINS, cur_str(serial), cur_of(&count, 1));
}

static bool
may_have_cost_a_try(enum err verified)
{
	return verified == ERR_PIN_WRONG || verified == ERR_CARD || verified == ERR_IO ||
	    verified == ERR_REMOVED || verified == ERR_CARD_RESET ||
	    verified == ERR_NO_SERVICE || verified == ERR_MODULE ||
	    verified == ERR_PIN_REFUSED;	/* the new one; nothing is said of the old one */
}

void
card_cache_count_pin(struct card_cache *c, const char *serial, enum err verified)
{
	if (c == NULL || serial[0] == '\0')
		return;
	if (verified == ERR_OK)
		card_cache_set_wrong_pins(c, serial, 0);
	else if (may_have_cost_a_try(verified))
		card_cache_set_wrong_pins(c, serial, card_cache_wrong_pins(c, serial) + 1);
}

unsigned
card_cache_pin_goes(struct card_cache *c, const char *serial)
{
	unsigned before;

	if (c == NULL || serial[0] == '\0')
		return 0;
	before = card_cache_wrong_pins(c, serial);
	card_cache_set_wrong_pins(c, serial, before + 1);
	return before;
}

void
card_cache_pin_went(struct card_cache *c, const char *serial, unsigned before,
    enum err verified)
{
	if (c == NULL || serial[0] == '\0')
		return;
	if (verified == ERR_OK)
		card_cache_set_wrong_pins(c, serial, 0);
	else if (!may_have_cost_a_try(verified))
		card_cache_set_wrong_pins(c, serial, before);
}

bool
card_cache_query_costs(struct card_cache *c, const char *profile)
{
	AUTO(buf_free) struct buf value = BUF(16);

	return find(c, KIND_QUERY_COSTS, cur_str(profile), &value) == ERR_OK;
}

void
card_cache_set_query_costs(struct card_cache *c, const char *profile)
{
	put(c, KIND_QUERY_COSTS, cur_str(profile), cur_of(NULL, 0));
}
