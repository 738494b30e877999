/* SPDX-License-Identifier: EUPL-1.2 */
/* Audit records: fields for the journal, or lines of JSON. */
#include "host/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
/* Our records are no lines of code. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "base/b64.h"
#include "base/file.h"
#include "jose/jsonw.h"

#define KEY_LEN		32
#define RECORD_MAX	8192
#define TIME_LEN	sizeof("2026-01-01T00:00:00Z")
/* journalctl MESSAGE_ID=... finds these records and no others. */
#define MESSAGE_ID	"5f0c1f6d3a0e4be8a7c4d2c9b1e6a370"

struct audit {
	int	fd;			/* -1: the journal */
	uint8_t	key[KEY_LEN];
};

/* What a record says, in the order in which it is written. */
struct field {
	const char *name;		/* JSON */
	const char *journal;
	const char *value;
};
#define FIELDS	10

static void
utc_text(int64_t utc, char ret[TIME_LEN])
{
	time_t t = (time_t)utc;
	struct tm tm;

	ret[0] = '\0';
	if (utc != 0 && gmtime_r(&t, &tm) != NULL)
		strftime(ret, TIME_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static void
fields_of(const struct audit_record *r, const char *began, const char *ended,
    struct field ret[FIELDS])
{
	const struct field f[FIELDS] = {
		{ "event", "DEZI_EVENT", r->event },
		{ "login", "DEZI_LOGIN", r->login },
		{ "broker", "DEZI_BROKER", r->broker },
		{ "client", "DEZI_CLIENT", r->client },
		{ "origin", "DEZI_ORIGIN", r->origin },
		{ "caller", "DEZI_CALLER", r->caller },
		{ "card", "DEZI_CARD", r->card },
		{ "began", "DEZI_BEGAN", began },
		{ "ended", "DEZI_ENDED", ended },
		{ "result", "DEZI_RESULT", r->result },
	};

	memcpy(ret, f, sizeof(f));
	for (size_t i = 0; i < FIELDS; i++)
		if (ret[i].value == NULL)
			ret[i].value = "";
}

/* One write, so that records of two agents never mix (O_APPEND, open(2)). */
static enum err
write_line(int fd, const struct field f[FIELDS])
{
	AUTO(buf_free) struct buf b = BUF(RECORD_MAX);
	enum err r;

	jsonw_object(&b);
	for (size_t i = 0; i < FIELDS; i++)
		if (f[i].value[0] != '\0')
			jsonw_member_str(&b, f[i].name, cur_str(f[i].value));
	jsonw_object_end(&b);
	buf_str(&b, "\n");
	if ((r = buf_end(&b)) != ERR_OK)
		return fail(r, "audit record");
	if (write(fd, b.p, b.len) != (ssize_t)b.len)
		return fail(ERR_SYS, "audit record: %s", strerror(errno));
	return ERR_OK;
}

/* Append NAME=value; *at counts the iovecs. */
static void
journal_put(struct buf b[], struct iovec v[], size_t *at, const char *name,
    const char *value)
{
	struct buf *to = &b[*at];

	*to = (struct buf)BUF(RECORD_MAX);
	buf_fmt(to, "%s=%s", name, value);
	v[*at] = (struct iovec){ to->p, to->len };
	(*at)++;
}

#define JOURNAL_EXTRA	3

static enum err
write_journal(const struct audit_record *r, const struct field f[FIELDS])
{
	struct buf b[FIELDS + JOURNAL_EXTRA];
	struct iovec v[FIELDS + JOURNAL_EXTRA];
	char message[128];
	size_t n = 0;
	enum err e = ERR_OK;
	int sent;

	snprintf(message, sizeof(message), "%s %s: %s", r->event,
	    r->login == NULL ? "" : r->login, r->result);
	journal_put(b, v, &n, "MESSAGE", message);
	journal_put(b, v, &n, "MESSAGE_ID", MESSAGE_ID);
	journal_put(b, v, &n, "PRIORITY", "5");
	for (size_t i = 0; i < FIELDS; i++)
		if (f[i].value[0] != '\0')
			journal_put(b, v, &n, f[i].journal, f[i].value);
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		e = buf_end(&b[i]);
	sent = e == ERR_OK ? sd_journal_sendv(v, (int)n) : 0;
	for (size_t i = 0; i < n; i++)
		buf_free(&b[i]);
	if (e != ERR_OK)
		return fail(e, "audit record");
	if (sent < 0)
		return fail(ERR_SYS, "journal: %s", strerror(-sent));
	return ERR_OK;
}

enum err
audit_write(struct audit *a, const struct audit_record *r)
{
	char began[TIME_LEN], ended[TIME_LEN];
	struct field f[FIELDS];

	utc_text(r->began_utc, began);
	utc_text(r->ended_utc, ended);
	fields_of(r, began, ended, f);
	return a->fd >= 0 ? write_line(a->fd, f) : write_journal(r, f);
}

void
audit_card(const struct audit *a, const char *serial, char ret[AUDIT_CARD_LEN + 1])
{
	AUTO(buf_free) struct buf hex = BUF(AUDIT_CARD_LEN);
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	ret[0] = '\0';
	if (serial[0] == '\0' ||
	    HMAC(EVP_sha256(), a->key, KEY_LEN, (const unsigned char *)serial,
	    strlen(serial), mac, &n) == NULL || n < AUDIT_CARD_LEN / 2)
		return;
	hex_put(&hex, cur_of(mac, AUDIT_CARD_LEN / 2));
	if (buf_end(&hex) != ERR_OK ||
	    !cur_to_str(buf_view(&hex), ret, AUDIT_CARD_LEN + 1))
		ret[0] = '\0';
}

static enum err
key_make(const char *path, uint8_t ret[KEY_LEN])
{
	if (RAND_bytes(ret, KEY_LEN) != 1)
		return fail(ERR_CRYPTO, "no random bytes");
	return path[0] == '\0' ? ERR_OK : file_write(path, cur_of(ret, KEY_LEN), 0600);
}

/* The key of this boot: made by the first agent that starts. */
static enum err
key_load(const char *path, uint8_t ret[KEY_LEN])
{
	AUTO(buf_free) struct buf b = BUF(KEY_LEN);
	enum err r;

	if (path[0] == '\0')
		return key_make(path, ret);
	r = file_read_trusted(path, geteuid(), &b);
	if (r == ERR_NOT_FOUND)
		return key_make(path, ret);
	if (r != ERR_OK)
		return note(r, "key of the audit");
	/* A torn one is of no use to anybody: another begins a new series of hashes. */
	if (b.len != KEY_LEN)
		return key_make(path, ret);
	memcpy(ret, b.p, KEY_LEN);
	return ERR_OK;
}

static enum err
file_open(const char *path, int *ret_fd)
{
	struct stat st;
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
	    O_NOCTTY | O_NONBLOCK, 0600);

	if (fd < 0)
		return fail(ERR_CONFIG, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return fail(ERR_CONFIG, "%s: expected a file", path);
	}
	*ret_fd = fd;
	return ERR_OK;
}

enum err
audit_open(const char *file, const char *key_file, struct audit **ret)
{
	AUTO(audit_close) struct audit *a = calloc(1, sizeof(*a));
	enum err r;

	if (a == NULL)
		return fail(ERR_NOMEM, "audit");
	a->fd = -1;
	if ((r = key_load(key_file, a->key)) != ERR_OK)
		return r;
	if (file[0] != '\0' && (r = file_open(file, &a->fd)) != ERR_OK)
		return note(r, "audit");
	*ret = a;
	a = NULL;		/* the caller's now */
	return ERR_OK;
}

void
audit_close(struct audit **a)
{
	if (*a == NULL)
		return;
	if ((*a)->fd >= 0)
		close((*a)->fd);
	explicit_bzero(*a, sizeof(**a));
	free(*a);
	*a = NULL;
}
