/* SPDX-License-Identifier: EUPL-1.2 */
/* agent.conf: what it means, and that every mistake is told with its line. */
#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/modules.h"
#include "tests/unit/conf_sample.h"
#include "tests/unit/example.h"

#define BROKER	"[broker test]\n" SAMPLE_BROKER

static enum err
fake_uid(void *arg, const char *user, uid_t *ret)
{
	(void)arg;
	if (strcmp(user, "dezi-broker") != 0 && strcmp(user, "root") != 0)
		return ERR_NOT_FOUND;
	*ret = user[0] == 'r' ? 0 : 4711;
	return ERR_OK;
}

static enum err
fake_read(void *arg, const char *path, struct buf *ret)
{
	(void)arg;
	if (strcmp(path, "/etc/dezi/broker.pem") == 0)
		buf_str(ret, SAMPLE_PEM);
	else if (strcmp(path, "/etc/dezi/no.pem") == 0)
		buf_str(ret, "-----BEGIN PUBLIC KEY-----\nAAAA\n"
		    "-----END PUBLIC KEY-----\n");
	else
		return ERR_NOT_FOUND;
	return buf_end(ret);
}

static const struct host_outside outside = { .uid = fake_uid, .read = fake_read };

static void
minimal_has_defaults(void **state)
{
	AUTO(host_conf_free) struct host_conf *c = NULL;
	const struct host_broker *b;

	(void)state;
	assert_ok(host_conf_parse(cur_str(BROKER), &outside, &c));
	assert_int_equal(c->language, HOST_LANGUAGE_AUTO);
	assert_true(c->require_session);
	assert_string_equal(c->pcsc_socket, "");
	assert_string_equal(c->pinentry, "/usr/bin/pinentry");
	assert_string_equal(c->worker, PKGLIBEXECDIR "/dezi-login-worker");
	assert_string_equal(c->module_worker, PKGLIBEXECDIR "/dezi-module-worker");
	assert_int_equal(c->n_modules, 0);
	assert_string_equal(c->profiles, PKGDATADIR "/profiles");
	assert_string_equal(c->audit, "");
	assert_int_equal(c->card_removal, HOST_REMOVAL_END);
	assert_int_equal(c->grace_seconds, 30);
	assert_true(c->allow_last_try);
	assert_int_equal(c->pinpad, HOST_PINPAD_NEVER);
	assert_int_equal(c->native_client.n, 0);
	b = host_conf_broker(c, NULL);
	assert_non_null(b);
	assert_string_equal(b->name, "test");
	assert_string_equal(b->issuer, "https://inlog.example");
	assert_int_equal(b->environment, CERT_ENV_TEST);
	assert_string_equal(b->socket, "/run/dezi-broker/agent.sock");
	assert_int_equal(b->owner, 0);
	assert_int_equal(b->n_keys, 1);
	assert_string_equal(b->trust, "/etc/dezi/trust/test");
	assert_ptr_equal(host_conf_broker(c, "test"), b);
	assert_null(host_conf_broker(c, "other"));
}

static void
example_is_right(void **state)
{
	AUTO(host_conf_free) struct host_conf *c = NULL;
	AUTO(buf_free) struct buf text = BUF(65536);

	(void)state;
	example("agent.conf", &text);
	assert_ok(host_conf_parse(buf_view(&text), &outside, &c));
	assert_true(c->require_session);
	assert_int_equal(c->card_removal, HOST_REMOVAL_END);
	assert_int_equal(c->n_brokers, 1);
	assert_int_equal(c->brokers[0].owner, 4711);
	assert_int_equal(c->brokers[0].environment, CERT_ENV_ACCEPTANCE);
}

static void
everything_is_read(void **state)
{
	static const char text[] =
	    "# a comment\n"
	    "[agent]\n"
	    "language = nl\n"
	    "require_session = no\n"
	    "pcsc_socket = /run/pcscd/other.comm\n"
	    "pinentry = /usr/bin/pinentry-gnome3\n"
	    "worker = /opt/dezi/worker\n"
	    "module_worker = /opt/dezi/module-worker\n"
	    "profiles = /opt/dezi/profiles\n"
	    "audit = /var/log/dezi\n"
	    "ignore_reader = Windows Hello\n"
	    "ignore_reader = Yubico\n"
	    "[policy]\n"
	    "card_removal = lock\n"
	    "grace_seconds = 5\n"
	    "allow_last_try = no\n"
	    "pinpad = required\n"
	    "native_client = epd\n"
	    "native_client = *\n"
	    "native_program = /usr/bin/epd\n"
	    "extension = dezi@example.org\n"
	    BROKER
	    "[broker acceptance]\n"
	    "issuer = https://acc.example\n"
	    "environment = acceptance\n"
	    "socket = /run/acc/agent.sock\n"
	    "owner = dezi-broker\n"
	    "key = " SAMPLE_THUMBPRINT " /etc/dezi/broker.pem\n"
	    "key = " SAMPLE_THUMBPRINT "   /etc/dezi/broker.pem\n"
	    "trust = /etc/dezi/trust/acceptance\n"
	    "[broker third]\n"
	    "issuer = https://prod.example\n"
	    "environment = production\n"
	    "socket = /run/prod/agent.sock\n"
	    "owner = 117\n"
	    "key = " SAMPLE_THUMBPRINT " /etc/dezi/broker.pem\n"
	    "trust = /etc/dezi/trust/production\n";
	AUTO(host_conf_free) struct host_conf *c = NULL;

	(void)state;
	assert_ok(host_conf_parse(cur_str(text), &outside, &c));
	assert_int_equal(c->language, HOST_LANGUAGE_NL);
	assert_false(c->require_session);
	assert_string_equal(c->pcsc_socket, "/run/pcscd/other.comm");
	assert_string_equal(c->pinentry, "/usr/bin/pinentry-gnome3");
	assert_string_equal(c->worker, "/opt/dezi/worker");
	assert_string_equal(c->module_worker, "/opt/dezi/module-worker");
	assert_string_equal(c->profiles, "/opt/dezi/profiles");
	assert_string_equal(c->audit, "/var/log/dezi");
	assert_true(host_list_in(&c->ignore_reader, "Yubico YubiKey CCID 00 00"));
	assert_false(host_list_in(&c->ignore_reader, "OMNIKEY"));
	assert_int_equal(c->card_removal, HOST_REMOVAL_LOCK);
	assert_int_equal(c->grace_seconds, 5);
	assert_false(c->allow_last_try);
	assert_int_equal(c->pinpad, HOST_PINPAD_REQUIRED);
	assert_true(host_list_has(&c->native_client, "*"));
	assert_true(host_list_has(&c->native_client, "epd"));
	assert_false(host_list_has(&c->native_client, "ep"));
	assert_true(host_list_has(&c->native_program, "/usr/bin/epd"));
	assert_true(host_list_has(&c->extension, "dezi@example.org"));
	assert_int_equal(c->n_brokers, 3);
	assert_string_equal(host_conf_broker(c, NULL)->name, "test");
	assert_int_equal(host_conf_broker(c, "acceptance")->n_keys, 2);
	assert_int_equal(host_conf_broker(c, "acceptance")->owner, 4711);
	assert_int_equal(host_conf_broker(c, "third")->owner, 117);
	assert_int_equal(host_conf_broker(c, "third")->environment, CERT_ENV_PRODUCTION);
}

#define UZI_ATR	"\x3b\x7f\x96\x00"

static const struct host_module *
serves(const struct host_conf *c, enum err why, const char *reader, const char *atr)
{
	return host_module_for(c, why, reader, cur_of(atr, 4));
}

static void
modules_are_read_and_chosen(void **state)
{
	static const char text[] =
	    BROKER
	    "[module off]\n"
	    "use = no\n"
	    "[module locked]\n"
	    "library = /usr/lib/locked.so\n"
	    "card = vendor_locked\n"
	    "seconds = 5\n"
	    "pinpad = no\n"
	    "serial = certificate\n"
	    "environment = A_1=b = c\n"
	    "[module some]\n"
	    "library = /usr/lib/some.so\n"
	    "atr = 3B 7F ?? *\n"
	    "atr = 3B 00\n"
	    "reader = Omni\n"
	    "reader = Cherry\n"
	    "[module soft]\n"
	    "library = /usr/lib/soft.so\n"
	    "reader = none\n"
	    "[module any]\n"
	    "library = /usr/lib/any.so\n";
	AUTO(host_conf_free) struct host_conf *c = NULL;
	const struct host_module *m;

	(void)state;
	assert_ok(host_conf_parse(cur_str(text), &outside, &c));
	assert_int_equal(c->n_modules, 5);
	assert_false(host_conf_module(c, "off")->use);
	m = host_conf_module(c, "locked");
	assert_string_equal(m->library, "/usr/lib/locked.so");
	assert_false(m->unknown || m->pinpad || !m->vendor_locked || !m->serial_of_cert);
	assert_int_equal(m->seconds, 5);
	assert_string_equal(m->environment.item[0], "A_1=b = c");
	m = host_conf_module(c, "any");
	assert_true(m->unknown && m->vendor_locked && m->pinpad && !m->serial_of_cert);
	assert_int_equal(m->seconds, HOST_MODULE_SECONDS);
	assert_null(host_conf_module(c, "other"));

	assert_ptr_equal(host_module_without_reader(c), host_conf_module(c, "soft"));
	assert_string_equal(serves(c, ERR_VENDOR_LOCKED, "X", UZI_ATR)->name, "locked");
	assert_string_equal(serves(c, ERR_CARD_UNKNOWN, "My Omni", UZI_ATR)->name, "some");
	assert_string_equal(serves(c, ERR_CARD_UNKNOWN, "X", UZI_ATR)->name, "any");
	assert_string_equal(serves(c, ERR_CARD_UNKNOWN, "My Omni", "\x3b\x00\x00\x00")->name,
	    "any");
	/* Of what our own drivers serve, or nobody can, no library is asked. */
	assert_null(serves(c, ERR_OK, "X", UZI_ATR));
	assert_null(serves(c, ERR_NO_CERT, "X", UZI_ATR));
	assert_null(serves(c, ERR_CARD_BUSY, "X", UZI_ATR));
}

static void
safesign_is_there_by_itself(void **state)
{
	static const char *const there[] = { "/nonexistent/libaetpkss.so.3", "/dev/null", NULL };
	static const char *const none[] = { "/nonexistent/libaetpkss.so.3", NULL };
	AUTO(host_conf_free) struct host_conf *c = NULL, *off = NULL;

	(void)state;
	assert_ok(host_conf_parse(cur_str(BROKER), &outside, &c));
	host_modules_default(c, none);
	assert_int_equal(c->n_modules, 0);
	host_modules_default(c, there);
	assert_int_equal(c->n_modules, 1);
	assert_string_equal(c->modules[0].library, "/dev/null");
	assert_string_equal(serves(c, ERR_VENDOR_LOCKED, "X", UZI_ATR)->name, "safesign");
	assert_null(serves(c, ERR_CARD_UNKNOWN, "X", UZI_ATR));
	assert_ok(host_conf_parse(cur_str(BROKER "[module safesign]\nuse = no\n"), &outside,
	    &off));
	host_modules_default(off, there);
	assert_int_equal(off->n_modules, 1);
	assert_null(serves(off, ERR_VENDOR_LOCKED, "X", UZI_ATR));
}

/* A text that is wrong, and how its complaint begins. */
struct mistake {
	const char *text;
	const char *complaint;
	bool	    users_own;
};

static void
mistake_is_told(void **state)
{
	const struct mistake *m = *state;
	AUTO(host_conf_free) struct host_conf *c = NULL;
	struct host_outside o = outside;

	o.users_own = m->users_own;
	assert_err(host_conf_parse(cur_str(m->text), &o, &c), ERR_CONFIG);
	assert_null(c);
	if (strncmp(err_trail(), m->complaint, strlen(m->complaint)) != 0)
		assert_string_equal(err_trail(), m->complaint);
}

#define BAD(name, complaint, ...)					\
	{ name, mistake_is_told, NULL, NULL,				\
	    &(struct mistake){ __VA_ARGS__, complaint, false } }

#define ISSUER	"issuer = https://inlog.example\n"
#define ENV	"environment = test\n"
#define SOCKET	"socket = /run/dezi-broker/agent.sock\n"
#define OWNER	"owner = root\n"
#define KEY	"key = " SAMPLE_THUMBPRINT " /etc/dezi/broker.pem\n"
#define TRUST	"trust = /etc/dezi/trust/test\n"
#define EIGHT	"[broker 1]\n" SAMPLE_BROKER "[broker 2]\n" SAMPLE_BROKER \
		"[broker 3]\n" SAMPLE_BROKER "[broker 4]\n" SAMPLE_BROKER \
		"[broker 5]\n" SAMPLE_BROKER "[broker 6]\n" SAMPLE_BROKER \
		"[broker 7]\n" SAMPLE_BROKER "[broker 8]\n" SAMPLE_BROKER
/* 32 of something that may be given 32 times */
#define FOUR(s)		s s s s
#define THIRTY_TWO(s)	FOUR(s) FOUR(s) FOUR(s) FOUR(s) FOUR(s) FOUR(s) FOUR(s) FOUR(s)
#define LONG_PATH	"/0123456789012345678901234567890123456789" \
			"/0123456789012345678901234567890123456789" \
			"/0123456789012345678901234567890123456789"

/* The owner of a file on disk, and what that allows. */
static char dir[] = "/tmp/dezi-test-conf.XXXXXX";

static const char *
file(const char *name, const char *text, mode_t mode)
{
	static char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

static const char *
conf_file(const char *environment, const char *more, mode_t mode)
{
	char text[2048];

	file("broker.pem", SAMPLE_PEM, 0644);
	snprintf(text, sizeof(text), "[agent]\n%s[broker b]\n" ISSUER "environment = %s\n"
	    SOCKET OWNER "key = " SAMPLE_THUMBPRINT " %s/broker.pem\n" TRUST, more,
	    environment, dir);
	return file("agent.conf", text, mode);
}

static void
own_file_when_named(void **state)
{
	AUTO(host_conf_free) struct host_conf *c = NULL;
	const char *path = conf_file("acceptance", "", 0600);

	(void)state;
	assert_ok(host_conf_load(path, true, &c));
	assert_int_equal(c->n_brokers, 1);
	assert_int_equal(c->owner, geteuid());
}

static void
own_file_unnamed_is_refused(void **state)
{
	AUTO(host_conf_free) struct host_conf *c = NULL;

	(void)state;
	if (geteuid() == 0)
		skip();		/* what is root's own is root's */
	assert_err(host_conf_load(conf_file("test", "", 0600), false, &c), ERR_CONFIG);
}

/* T38 */
static void
own_file_never_production(void **state)
{
	AUTO(host_conf_free) struct host_conf *c = NULL;

	(void)state;
	if (geteuid() == 0)
		skip();
	assert_err(host_conf_load(conf_file("production", "", 0600), true, &c),
	    ERR_CONFIG);
	assert_non_null(strstr(err_trail(), "/agent.conf: line 4: expected a broker of"));
}

static void
writable_by_others_is_refused(void **state)
{
	AUTO(host_conf_free) struct host_conf *c = NULL;

	(void)state;
	assert_err(host_conf_load(conf_file("test", "", 0620), true, &c), ERR_CONFIG);
	assert_err(host_conf_load(conf_file("test", "", 0602), true, &c), ERR_CONFIG);
}

static void
writable_key_is_refused(void **state)
{
	AUTO(host_conf_free) struct host_conf *c = NULL;
	const char *path = conf_file("test", "", 0600);
	char key[160];

	(void)state;
	snprintf(key, sizeof(key), "%s/broker.pem", dir);
	assert_int_equal(chmod(key, 0666), 0);
	assert_err(host_conf_load(path, true, &c), ERR_CONFIG);
	assert_non_null(strstr(err_trail(), "line 7: expected a key file to read"));
}

static void
complaint_starts_with_the_file(void **state)
{
	AUTO(host_conf_free) struct host_conf *c = NULL;
	const char *path = conf_file("test", "language = fr\n", 0600);

	(void)state;
	assert_err(host_conf_load(path, true, &c), ERR_CONFIG);
	assert_int_equal(strncmp(err_trail(), path, strlen(path)), 0);
	assert_int_equal(strncmp(err_trail() + strlen(path),
	    ": line 2: expected one of auto, nl, en", 38), 0);
}

static void
missing_file(void **state)
{
	AUTO(host_conf_free) struct host_conf *c = NULL;
	char path[160];

	(void)state;
	snprintf(path, sizeof(path), "%s/none.conf", dir);
	assert_err(host_conf_load(path, true, &c), ERR_CONFIG);
	assert_int_equal(strncmp(err_trail(), path, strlen(path)), 0);
}

/* T38: not through a link either. */
static void
link_to_auto_pinentry(void **state)
{
	AUTO(host_conf_free) struct host_conf *c = NULL;
	char more[160], link[128], target[128];

	(void)state;
	if (geteuid() != 0)
		skip();		/* production needs a file of root's */
	snprintf(target, sizeof(target), "%s/pinentry-auto", dir);
	snprintf(link, sizeof(link), "%s/pinentry", dir);
	snprintf(more, sizeof(more), "pinentry = %s\n", link);
	file("pinentry-auto", "", 0755);
	unlink(link);
	assert_int_equal(symlink(target, link), 0);
	assert_err(host_conf_load(conf_file("production", more, 0600), true, &c),
	    ERR_CONFIG);
	assert_ok(host_conf_load(conf_file("test", more, 0600), true, &c));
}

static void
language_of_locale(void **state)
{
	struct host_conf c = { .language = HOST_LANGUAGE_AUTO };

	(void)state;
	assert_string_equal(host_conf_language(&c, "nl_NL.UTF-8"), "nl");
	assert_string_equal(host_conf_language(&c, "nl_BE"), "nl");
	assert_string_equal(host_conf_language(&c, "en_GB.UTF-8"), "en");
	assert_string_equal(host_conf_language(&c, "de_DE.UTF-8"), "en");
	assert_string_equal(host_conf_language(&c, "C.UTF-8"), "nl");
	assert_string_equal(host_conf_language(&c, "C"), "nl");
	assert_string_equal(host_conf_language(&c, ""), "nl");
	assert_string_equal(host_conf_language(&c, NULL), "nl");
	c.language = HOST_LANGUAGE_EN;
	assert_string_equal(host_conf_language(&c, "nl_NL.UTF-8"), "en");
	c.language = HOST_LANGUAGE_NL;
	assert_string_equal(host_conf_language(&c, "en_GB.UTF-8"), "nl");
}

static int
make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int
remove_dir(void **state)
{
	static const char *const names[] = { "agent.conf", "broker.pem", "pinentry",
	    "pinentry-auto" };
	char path[160];

	(void)state;
	for (size_t i = 0; i < NELEM(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(minimal_has_defaults),
		cmocka_unit_test(example_is_right),
		cmocka_unit_test(everything_is_read),
		BAD("nothing", "line 0: expected at least one [broker NAME]", ""),
		BAD("no broker", "line 1: expected at least one [broker NAME]",
		    "[agent]\n"),
		BAD("unknown section", "line 1: expected [agent], [policy], [broker NAME] or",
		    "[agents]\n"),
		BAD("section with a name too many", "line 1: expected [agent]",
		    "[agent x]\n"),
		BAD("key before a section", "line 1: expected a key that",
		    "language = nl\n"),
		BAD("unknown key", "line 2: expected a key that",
		    "[agent]\ncolour = red\n"),
		BAD("key of another section", "line 2: expected a key that",
		    "[agent]\ncard_removal = end\n"),
		BAD("twice", "line 3: expected this key only once",
		    "[agent]\nlanguage = nl\nlanguage = nl\n"),
		BAD("twice in two of one name", "line 4: expected this key only once",
		    "[agent]\nlanguage = nl\n[agent]\nlanguage = nl\n"),
		BAD("twice in a broker", "line 3: expected this key only once",
		    "[broker b]\n" ISSUER ISSUER),
		BAD("language", "line 2: expected one of auto, nl, en",
		    "[agent]\nlanguage = NL\n"),
		BAD("bool", "line 2: expected yes or no",
		    "[agent]\nrequire_session = true\n"),
		BAD("relative pinentry", "line 2: expected an absolute path",
		    "[agent]\npinentry = pinentry\n"),
		BAD("path with dots", "line 2: expected an absolute path",
		    "[agent]\nworker = /usr/../tmp/x\n"),
		BAD("path too long for a socket", "line 2: expected an absolute path",
		    "[agent]\npcsc_socket = " LONG_PATH "\n"),
		BAD("audit", "line 2: expected journal or an absolute path",
		    "[agent]\naudit = syslog\n"),
		BAD("empty reader", "line 2: expected a text of 1 to 127 bytes",
		    "[agent]\nignore_reader =\n"),
		BAD("bidirectional reader", "line 2: expected a text of 1 to 127 bytes",
		    "[agent]\nignore_reader = a\xe2\x80\xae" "b\n"),
		BAD("too many readers", "line 34: expected at most 32",
		    "[agent]\n" THIRTY_TWO("ignore_reader = x\n") "ignore_reader = y\n"),
		BAD("removal", "line 2: expected one of end, grace, nothing, lock",
		    "[policy]\ncard_removal = ignore\n"),
		BAD("grace 0", "line 2: expected a number from 1 to 3600",
		    "[policy]\ngrace_seconds = 0\n"),
		BAD("grace too long", "line 2: expected a number from 1 to 3600",
		    "[policy]\ngrace_seconds = 3601\n"),
		BAD("program", "line 2: expected an absolute path",
		    "[policy]\nnative_program = epd\n"),
		BAD("broker without a name", "line 1: expected [broker NAME]",
		    "[broker]\n"),
		BAD("broker with a bad name", "line 1: expected [broker NAME]",
		    "[broker a b]\n"),
		BAD("two brokers of one name", "line 8: expected a name that no other",
		    BROKER "[broker test]\n"),
		BAD("nine brokers", "line 57: expected at most 8 brokers",
		    EIGHT "[broker 9]\n"),
		BAD("no issuer", "line 1: expected issuer = ... in this section",
		    "[broker b]\n" ENV SOCKET OWNER KEY TRUST),
		BAD("no environment", "line 1: expected environment = ...",
		    "[broker b]\n" ISSUER SOCKET OWNER KEY TRUST),
		BAD("no socket", "line 1: expected socket = ...",
		    "[broker b]\n" ISSUER ENV OWNER KEY TRUST),
		BAD("no owner", "line 1: expected owner = ...",
		    "[broker b]\n" ISSUER ENV SOCKET KEY TRUST),
		BAD("no key", "line 1: expected key = ...",
		    "[broker b]\n" ISSUER ENV SOCKET OWNER TRUST),
		BAD("no trust", "line 1: expected trust = ...",
		    "[broker b]\n" ISSUER ENV SOCKET OWNER KEY),
		BAD("second broker is looked at too", "line 8: expected trust = ...",
		    BROKER "[broker b]\n" ISSUER ENV SOCKET OWNER KEY "[agent]\n"),
		BAD("issuer without TLS", "line 2: expected an issuer that starts",
		    "[broker b]\nissuer = http://x\n"),
		BAD("environment", "line 2: expected one of production, acceptance, test",
		    "[broker b]\nenvironment = prod\n"),
		BAD("owner unknown", "line 2: expected the name of a user",
		    "[broker b]\nowner = nobody-here\n"),
		BAD("owner empty", "line 2: expected root, a user name or",
		    "[broker b]\nowner =\n"),
		BAD("owner -1", "line 2: expected a number",
		    "[broker b]\nowner = 4294967295\n"),
		BAD("key without a file (T1)", "line 2: expected a thumbprint of 43",
		    "[broker b]\nkey = " SAMPLE_THUMBPRINT "\n"),
		BAD("key without a print (T1)", "line 2: expected a thumbprint of 43",
		    "[broker b]\nkey = /etc/dezi/broker.pem\n"),
		BAD("key of another print (T1)", "line 2: expected a key file whose key",
		    "[broker b]\nkey = AAAG69fr9DvCpl8HeY7rYD5FxFJKWieydPqV_LyTwpg "
		    "/etc/dezi/broker.pem\n"),
		BAD("key that is none", "line 2: expected a PEM file with a P-256",
		    "[broker b]\nkey = " SAMPLE_THUMBPRINT " /etc/dezi/no.pem\n"),
		BAD("key file missing", "line 2: expected a key file to read",
		    "[broker b]\nkey = " SAMPLE_THUMBPRINT " /etc/dezi/none.pem\n"),
		BAD("five keys", "line 6: expected at most 4 keys",
		    "[broker b]\n" FOUR(KEY) KEY),
		BAD("no ini", "line 2: neither [section] nor key = value",
		    "[agent]\nhello\n"),
		BAD("automatic PIN in production (T38)",
		    "line 2: expected a pinentry that asks a person",
		    "[agent]\npinentry = /usr/bin/dezi-pinentry-auto\n[broker b]\n"
		    ISSUER "environment = production\n" SOCKET OWNER KEY TRUST),
		{ "production in a user's own file (T38)", mistake_is_told, NULL, NULL,
		    &(struct mistake){ "[broker b]\nenvironment = production\n",
		    "line 2: expected a broker of environment acceptance or", true } },
		BAD("module without a name", "line 1: expected [module NAME]", "[module]\n"),
		BAD("module with a long name", "line 1: expected [module NAME]",
		    "[module 0123456789abcdef]\n"),
		BAD("two modules of one name", "line 3: expected a name that no other",
		    "[module a]\nlibrary = /a.so\n[module a]\n"),
		BAD("module without a library (T29)", "line 1: expected library = ...",
		    "[module a]\ncard = unknown\n[policy]\n"),
		BAD("library by a name (T29)", "line 2: expected an absolute path",
		    "[module a]\nlibrary = libopensc.so\n"),
		BAD("card", "line 2: expected one of unknown, vendor_locked",
		    "[module a]\ncard = any\n"),
		BAD("atr", "line 2: expected bytes in hex", "[module a]\natr = 3B7F\n"),
		BAD("none and a reader", "line 3: expected either none or parts",
		    "[module a]\nreader = none\nreader = Omni\n"),
		BAD("a reader and none", "line 3: expected either none or parts",
		    "[module a]\nreader = Omni\nreader = none\n"),
		BAD("seconds", "line 2: expected a number from 1 to 120",
		    "[module a]\nseconds = 0\n"),
		BAD("environment", "line 2: expected NAME=value",
		    "[module a]\nenvironment = HOME\n"),
		BAD("pinpad", "line 2: expected one of no, token", "[module a]\npinpad = yes\n"),
		cmocka_unit_test(modules_are_read_and_chosen),
		cmocka_unit_test(safesign_is_there_by_itself),
		cmocka_unit_test(own_file_when_named),
		cmocka_unit_test(own_file_unnamed_is_refused),
		cmocka_unit_test(own_file_never_production),
		cmocka_unit_test(writable_by_others_is_refused),
		cmocka_unit_test(writable_key_is_refused),
		cmocka_unit_test(complaint_starts_with_the_file),
		cmocka_unit_test(missing_file),
		cmocka_unit_test(link_to_auto_pinentry),
		cmocka_unit_test(language_of_locale),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
