/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the module answers before, without and beside any card: lists and versions,
 * arguments, locks, fork (pkcs11 reference, sections 2 and 11).
 */
#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/def.h"
#include "pkcs11/cryptoki.h"

static char conf[64];

/* The profiles of the source tree, and nothing of this machine. */
static int
setup(void **state UNUSED)
{
	const char *src = getenv("srcdir");
	/* A configured path has no ".."; the tree of make distcheck has. */
	char *top = realpath(src != NULL ? src : ".", NULL);
	FILE *f;
	int fd;

	snprintf(conf, sizeof(conf), "/tmp/dezi-test-p11.XXXXXX");
	if (top == NULL || (fd = mkstemp(conf)) < 0 || (f = fdopen(fd, "w")) == NULL)
		return -1;
	fprintf(f, "[module]\nlog = none\ncache = no\nprofiles = %s/drivers/profiles\n", top);
	fclose(f);
	free(top);
	setenv("DEZI_PKCS11_CONF", conf, 1);
	setenv("PCSCLITE_CSOCK_NAME", "/nonexistent/pcscd.comm", 1);
	return 0;
}

static int
teardown(void **state UNUSED)
{
	return unlink(conf);
}

static void
nothing_works_before(void **state UNUSED)
{
	struct ck_info info;
	ck_ulong n = 0;

	assert_int_equal(C_GetInfo(&info), CKR_CRYPTOKI_NOT_INITIALIZED);
	assert_int_equal(C_GetSlotList(0, NULL, &n), CKR_CRYPTOKI_NOT_INITIALIZED);
	assert_int_equal(C_CloseSession(1), CKR_CRYPTOKI_NOT_INITIALIZED);
	assert_int_equal(C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
	assert_int_equal(C_Initialize(NULL), CKR_OK);
	assert_int_equal(C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED);
	assert_int_equal(C_Finalize(&n), CKR_ARGUMENTS_BAD);
	assert_int_equal(C_Finalize(NULL), CKR_OK);
}

static void
each_list_names_its_version(void **state UNUSED)
{
	struct ck_interface list[3], *one;
	struct ck_function_list *f;
	struct ck_version old = { 2, 40 }, odd = { 2, 41 };
	struct ck_info info;
	ck_ulong n = 2;

	assert_int_equal(C_Initialize(NULL), CKR_OK);
	assert_int_equal(C_GetInterfaceList(list, &n), CKR_BUFFER_TOO_SMALL);
	assert_int_equal(n, 3);
	assert_int_equal(C_GetInterfaceList(list, &n), CKR_OK);
	for (size_t i = 0; i < n; i++) {
		f = list[i].function_list;
		assert_int_equal(f->C_GetInfo(&info), CKR_OK);
		assert_memory_equal(&info.cryptoki_version, &f->version, sizeof(f->version));
	}
	assert_int_equal(C_GetFunctionList(&f), CKR_OK);
	assert_int_equal(f->version.major, 2);
	assert_int_equal(C_GetInterface(NULL, NULL, &one, 0), CKR_OK);
	assert_int_equal(((struct ck_function_list *)one->function_list)->version.minor, 2);
	assert_int_equal(C_GetInterface(NULL, &old, &one, 0), CKR_OK);
	assert_ptr_equal(one->function_list, f);
	assert_int_equal(C_GetInterface(NULL, &odd, &one, 0), CKR_FUNCTION_FAILED);
	assert_int_equal(C_GetInterface(NULL, NULL, &one, CKF_INTERFACE_FORK_SAFE),
	    CKR_FUNCTION_FAILED);
	assert_int_equal(C_GetFunctionList(NULL), CKR_ARGUMENTS_BAD);
	assert_int_equal(C_Finalize(NULL), CKR_OK);
}

static ck_rv_t
make(void **m)
{
	*m = NULL;
	return CKR_OK;
}

static ck_rv_t
use(void *m UNUSED)
{
	return CKR_OK;
}

static void
half_a_set_of_mutexes_is_refused(void **state UNUSED)
{
	struct ck_c_initialize_args args = { .create_mutex = make, .destroy_mutex = use,
	    .lock_mutex = use };
	int something;

	assert_int_equal(C_Initialize(&args), CKR_ARGUMENTS_BAD);
	args.unlock_mutex = use;
	args.reserved = &something;
	assert_int_equal(C_Initialize(&args), CKR_ARGUMENTS_BAD);
	args.reserved = NULL;
	assert_int_equal(C_Initialize(&args), CKR_OK);
	assert_int_equal(C_Finalize(NULL), CKR_OK);
}

/* Without pcscd there are no readers, and no error. */
static void
without_pcscd(void **state UNUSED)
{
	ck_slot_id_t slot = 77;
	ck_session_handle_t session;
	ck_ulong n = 9;

	assert_int_equal(C_Initialize(NULL), CKR_OK);
	assert_int_equal(C_GetSlotList(1, NULL, NULL), CKR_ARGUMENTS_BAD);
	assert_int_equal(C_GetSlotList(0, NULL, &n), CKR_OK);
	assert_int_equal(n, 0);
	assert_int_equal(C_GetSlotInfo(0, NULL), CKR_ARGUMENTS_BAD);
	assert_int_equal(C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &session),
	    CKR_SLOT_ID_INVALID);
	assert_int_equal(C_GetSessionInfo(65537, NULL), CKR_SESSION_HANDLE_INVALID);
	assert_int_equal(C_GetSessionInfo(0, NULL), CKR_SESSION_HANDLE_INVALID);
	assert_int_equal(C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT);
	assert_int_equal(slot, 77);
	assert_int_equal(C_WaitForSlotEvent(CKF_DONT_BLOCK, NULL, NULL), CKR_ARGUMENTS_BAD);
	assert_int_equal(C_InitToken(0, NULL, 0, NULL), CKR_FUNCTION_NOT_SUPPORTED);
	assert_int_equal(C_Finalize(NULL), CKR_OK);
}

static void
a_child_begins_anew(void **state UNUSED)
{
	struct ck_info info;
	int status;
	pid_t pid;

	assert_int_equal(C_Initialize(NULL), CKR_OK);
	pid = fork();
	if (pid == 0)
		_exit(C_GetInfo(&info) != CKR_CRYPTOKI_NOT_INITIALIZED ||
		    C_Finalize(NULL) != CKR_CRYPTOKI_NOT_INITIALIZED ||
		    C_Initialize(NULL) != CKR_OK || C_GetInfo(&info) != CKR_OK ||
		    C_Finalize(NULL) != CKR_OK);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(C_GetInfo(&info), CKR_OK);
	assert_int_equal(C_Finalize(NULL), CKR_OK);
}

static void
a_thousand_times(void **state UNUSED)
{
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(C_Initialize(NULL), CKR_OK);
		assert_int_equal(C_Finalize(NULL), CKR_OK);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_works_before),
		cmocka_unit_test(each_list_names_its_version),
		cmocka_unit_test(half_a_set_of_mutexes_is_refused),
		cmocka_unit_test(without_pcscd),
		cmocka_unit_test(a_child_begins_anew),
		cmocka_unit_test(a_thousand_times),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
