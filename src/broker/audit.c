/* SPDX-License-Identifier: EUPL-1.2 */
/* Writes audit records to a file or to the journal. */
#include "broker/audit.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <time.h>
#include <unistd.h>

#include "base/b64.h"
#include "base/text.h"
#include "jose/jsonw.h"

#define LINE_MAX_BYTES	65536
#define JOURNAL_SOCKET	"/run/systemd/journal/socket"

struct audit {
	char *path;		/* NULL: the journal */
	int   fd;
};

static enum err
open_file(const char *path, int *ret_fd)
{
	struct stat st;
	int fd;

	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail(ERR_SYS, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    (st.st_mode & (S_IWGRP | S_IRWXO)) != 0) {
		close(fd);
		return fail(ERR_CONFIG, "%s: expected a file that others cannot read or "
		    "write", path);
	}
	*ret_fd = fd;
	return ERR_OK;
}

enum err
audit_open(const char *path, struct audit **ret)
{
	AUTO(audit_close) struct audit *a = calloc(1, sizeof(*a));
	enum err r;

	if (a == NULL)
		return fail(ERR_NOMEM, "audit");
	a->fd = -1;
	if (path[0] == '\0') {
		/* sd_journal_sendv(3) succeeds when there is no journal at all */
		if (access(JOURNAL_SOCKET, W_OK) != 0)
			return fail(ERR_CONFIG, "audit = journal: there is no journal");
	} else {
		if ((a->path = strdup(path)) == NULL)
			return fail(ERR_NOMEM, "audit");
		if ((r = open_file(path, &a->fd)) != ERR_OK)
			return r;
	}
	*ret = a;
	a = NULL;
	return ERR_OK;
}

void
audit_close(struct audit **a)
{
	if (*a == NULL)
		return;
	if ((*a)->fd >= 0)
		close((*a)->fd);
	free((*a)->path);
	free(*a);
	*a = NULL;
}

enum err
audit_reopen(struct audit *a)
{
	int fd;
	enum err r;

	if (a->path == NULL)
		return ERR_OK;
	if ((r = open_file(a->path, &fd)) != ERR_OK)
		return r;
	close(a->fd);
	a->fd = fd;
	return ERR_OK;
}

static struct audit_field *
next_field(struct audit_record *r, const char *name)
{
	struct audit_field *f;

	assert(r->n < AUDIT_FIELDS_MAX);
	f = &r->fields[r->n++];
	f->name = name;
	return f;
}

/* Cut where a character begins, so that what is left is UTF-8 still. */
static size_t
cut(const char *s, size_t max)
{
	size_t n = strlen(s);

	if (n <= max)
		return n;
	n = max;
	while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	return n;
}

/* Bytes that are no text must not keep a record from being written. */
static void
make_ascii(char *s)
{
	for (; *s != '\0'; s++)
		if (((unsigned char)*s & 0x80) != 0)
			*s = '?';
}

void
audit_str(struct audit_record *r, const char *name, const char *value)
{
	struct audit_field *f;
	size_t n;

	if (value == NULL || value[0] == '\0')
		return;
	f = next_field(r, name);
	n = cut(value, sizeof(f->value) - 1);
	memcpy(f->value, value, n);
	f->value[n] = '\0';
	if (!text_is_utf8(cur_str(f->value)))
		make_ascii(f->value);
}

void
audit_int(struct audit_record *r, const char *name, int64_t value)
{
	struct audit_field *f = next_field(r, name);

	snprintf(f->value, sizeof(f->value), "%" PRId64, value);
}

void
audit_hex(struct audit_record *r, const char *name, struct cur value)
{
	AUTO(buf_free) struct buf hex = BUF(256);
	const char *s;

	hex_put(&hex, value);
	if ((s = buf_cstr(&hex)) != NULL)
		audit_str(r, name, s);
}

void
audit_time(struct audit_record *r, const char *name, int64_t utc)
{
	struct audit_field *f;
	time_t t = (time_t)utc;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL)
		return;
	f = next_field(r, name);
	strftime(f->value, sizeof(f->value), "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static enum err
write_line(struct audit *a, const struct audit_record *r)
{
	AUTO(buf_free) struct buf line = BUF(LINE_MAX_BYTES);
	enum err e;
	ssize_t n;

	jsonw_object(&line);
	for (size_t i = 0; i < r->n; i++)
		jsonw_member_str(&line, r->fields[i].name, cur_str(r->fields[i].value));
	jsonw_object_end(&line);
	buf_u8(&line, '\n');
	if ((e = buf_end(&line)) != ERR_OK)
		return fail(e, "audit record");
	/* One write with O_APPEND: whole records, also with a second writer. */
	do
		n = write(a->fd, line.p, line.len);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)line.len)
		return fail(ERR_SYS, "audit record: %s", n < 0 ? strerror(errno) :
		    "the disk is full");
	return ERR_OK;
}

/* "DEZI_CLIENT_ID=ehr" */
static void
put_journal_field(struct buf *b, const struct audit_field *f)
{
	buf_str(b, "DEZI_");
	for (const char *p = f->name; *p != '\0'; p++)
		buf_u8(b, (unsigned)toupper((unsigned char)*p));
	buf_u8(b, '=');
	buf_str(b, f->value);
}

static const char *
value_of(const struct audit_record *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->fields[i].name, name) == 0)
			return r->fields[i].value;
	return "";
}

/* MESSAGE names no person: it is what "journalctl" shows to whoever may look. */
static enum err
write_journal(const struct audit_record *r)
{
	static const char facility[] = "SYSLOG_FACILITY=10";	/* authpriv */
	struct iovec iov[AUDIT_FIELDS_MAX + 2];
	size_t at[AUDIT_FIELDS_MAX + 1] = { 0 };
	AUTO(buf_free) struct buf all = BUF(LINE_MAX_BYTES);
	enum err e;

	for (size_t i = 0; i < r->n; i++) {
		put_journal_field(&all, &r->fields[i]);
		at[i + 1] = all.len;
	}
	buf_fmt(&all, "MESSAGE=%s: %s", value_of(r, "event"), value_of(r, "result"));
	if ((e = buf_end(&all)) != ERR_OK)
		return fail(e, "audit record");
	for (size_t i = 0; i < r->n; i++)
		iov[i] = (struct iovec){ all.p + at[i], at[i + 1] - at[i] };
	iov[r->n] = (struct iovec){ all.p + at[r->n], all.len - at[r->n] };
	iov[r->n + 1] = (struct iovec){ (void *)(uintptr_t)facility,
	    sizeof(facility) - 1 };
	if (sd_journal_sendv(iov, (int)r->n + 2) < 0)
		return fail(ERR_SYS, "audit record: the journal does not take it");
	return ERR_OK;
}

enum err
audit_write(struct audit *a, const struct audit_record *r)
{
	return a->path == NULL ? write_journal(r) : write_line(a, r);
}
