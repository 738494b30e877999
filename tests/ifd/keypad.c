/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A reader with a keypad, for pcscd: it listens for a virtual card as vpcd does, and has
 * PC/SC part 10 in software (features 01 to 04, 06, 07, 0A and 12).  Who types, and which
 * kind of reader it is, stands in the folder that DEZI_KEYPAD names:
 *
 *	mode	"direct" (as when there is no such file), "steps", "refuses": has the steps
 *		and answers 6B80 to the first, "liar": claims a keypad and has none; read
 *		anew each time
 *	typed	one line for each time that the keypad asks, taken off when it did: digits
 *		(to change: old, new, new again; for a new one: new, new again), or cancel, timeout, reject, leak, odd.
 *		Without one it waits as a person would, up to the time limit.
 *	asked	what it was told, in hex, a line each; written by the reader
 *
 * It is as strict as the one that it claims to be (pcsc.md section 10): GemPC Pinpad.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <ifdhandler.h>
#include <reader.h>

#define EXPORT		__attribute__((visibility("default")))
#define ANSWER_MS	60000
#define OURS		0x42330000u	/* our control codes: this and the feature */

static int listener = -1, card = -1;
static unsigned char atr[MAX_ATR_SIZE];
static size_t atr_len;

static bool
send_all(const unsigned char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = send(card, p, n, MSG_NOSIGNAL);

		if (done <= 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

static bool
receive_all(unsigned char *p, size_t n)
{
	while (n > 0) {
		struct pollfd f = { .fd = card, .events = POLLIN };
		ssize_t done = poll(&f, 1, ANSWER_MS) == 1 ? recv(card, p, n, 0) : -1;

		if (done <= 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

static void
drop_card(void)
{
	if (card >= 0)
		close(card);
	card = -1;
	atr_len = 0;
}

/* Length and content in one write. */
static bool
tell(const unsigned char *p, size_t n)
{
	unsigned char message[2 + 65544];

	if (card < 0 || n > sizeof(message) - 2)
		return false;
	message[0] = (unsigned char)(n >> 8);
	message[1] = (unsigned char)n;
	memcpy(message + 2, p, n);
	if (send_all(message, n + 2))
		return true;
	drop_card();
	return false;
}

/* *n: room, then what came. */
static bool
hear(unsigned char *ret, size_t *n)
{
	unsigned char head[2];
	size_t length;

	if (receive_all(head, 2)) {
		length = (size_t)head[0] << 8 | head[1];
		if (length <= *n && receive_all(ret, length)) {
			*n = length;
			return true;
		}
	}
	drop_card();
	return false;
}

static bool
ask(const unsigned char *p, size_t n, unsigned char *ret, size_t *ret_n)
{
	return tell(p, n) && hear(ret, ret_n);
}

static bool
ask_atr(void)
{
	atr_len = sizeof(atr);
	if (!ask((const unsigned char[]){ 4 }, 1, atr, &atr_len))
		atr_len = 0;
	return atr_len != 0;
}

/* DEVICENAME /dev/null:0x8C7B */
EXPORT RESPONSECODE
IFDHCreateChannelByName(DWORD lun, LPSTR name)
{
	const char *colon = strrchr(name, ':');
	struct sockaddr_in to = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1;

	(void)lun;
	if (colon == NULL)
		return IFD_NO_SUCH_DEVICE;
	to.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 0));
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (const struct sockaddr *)&to, sizeof(to)) != 0 ||
	    listen(listener, 1) != 0)
		return IFD_COMMUNICATION_ERROR;
	return IFD_SUCCESS;
}

EXPORT RESPONSECODE
IFDHCreateChannel(DWORD lun, DWORD channel)
{
	char name[32];

	snprintf(name, sizeof(name), ":%lu", (unsigned long)channel);
	return IFDHCreateChannelByName(lun, name);
}

EXPORT RESPONSECODE
IFDHCloseChannel(DWORD lun)
{
	(void)lun;
	drop_card();
	close(listener);
	return IFD_SUCCESS;
}

static RESPONSECODE
give(const void *p, size_t n, PDWORD length, PUCHAR value)
{
	if (*length < n)
		return IFD_ERROR_INSUFFICIENT_BUFFER;
	memcpy(value, p, n);
	*length = n;
	return IFD_SUCCESS;
}

EXPORT RESPONSECODE
IFDHGetCapabilities(DWORD lun, DWORD tag, PDWORD length, PUCHAR value)
{
	(void)lun;
	switch (tag) {
	case TAG_IFD_ATR:
	case SCARD_ATTR_ATR_STRING:
		return give(atr, atr_len, length, value);
	case TAG_IFD_SLOTS_NUMBER:
	case TAG_IFD_SIMULTANEOUS_ACCESS:
		return give("\1", 1, length, value);
	case TAG_IFD_THREAD_SAFE:
	case TAG_IFD_SLOT_THREAD_SAFE:
		return give("\0", 1, length, value);
	}
	return IFD_ERROR_TAG;
}

EXPORT RESPONSECODE
IFDHSetCapabilities(DWORD lun, DWORD tag, DWORD length, PUCHAR value)
{
	(void)lun;
	(void)tag;
	(void)length;
	(void)value;
	return IFD_NOT_SUPPORTED;
}

EXPORT RESPONSECODE
IFDHSetProtocolParameters(DWORD lun, DWORD protocol, UCHAR flags, UCHAR pts1, UCHAR pts2,
    UCHAR pts3)
{
	(void)lun;
	(void)protocol;
	(void)flags;
	(void)pts1;
	(void)pts2;
	(void)pts3;
	return IFD_SUCCESS;
}

EXPORT RESPONSECODE
IFDHPowerICC(DWORD lun, DWORD action, PUCHAR ret, PDWORD length)
{
	unsigned char what = action == IFD_POWER_DOWN ? 0 : action == IFD_RESET ? 2 : 1;

	(void)lun;
	if (!tell(&what, 1))
		return IFD_COMMUNICATION_ERROR;
	if (action == IFD_POWER_DOWN) {
		*length = 0;
		return IFD_SUCCESS;
	}
	if (!ask_atr())
		return IFD_ERROR_POWER_ACTION;
	return give(atr, atr_len, length, ret);
}

EXPORT RESPONSECODE
IFDHTransmitToICC(DWORD lun, SCARD_IO_HEADER send_pci, PUCHAR tx, DWORD tx_n, PUCHAR rx,
    PDWORD rx_n, PSCARD_IO_HEADER recv_pci)
{
	size_t n = *rx_n;

	(void)lun;
	(void)send_pci;
	(void)recv_pci;
	if (!ask(tx, tx_n, rx, &n)) {
		*rx_n = 0;
		return IFD_COMMUNICATION_ERROR;
	}
	*rx_n = n;
	return IFD_SUCCESS;
}

EXPORT RESPONSECODE
IFDHICCPresence(DWORD lun)
{
	unsigned char c;
	int one = 1;

	(void)lun;
	if (card >= 0 && recv(card, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
		drop_card();
	if (card < 0) {
		card = accept(listener, NULL, NULL);
		if (card < 0)
			return IFD_ICC_NOT_PRESENT;
		setsockopt(card, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	}
	return ask_atr() ? IFD_ICC_PRESENT : IFD_ICC_NOT_PRESENT;
}

static FILE *
open_in(const char *name, const char *how)
{
	const char *folder = getenv("DEZI_KEYPAD");
	char path[512];

	if (folder == NULL ||
	    snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return NULL;
	return fopen(path, how);
}

static bool
mode_is(const char *what)
{
	FILE *f = open_in("mode", "r");
	char line[16] = "";

	if (f != NULL && fgets(line, sizeof(line), f) == NULL)
		line[0] = '\0';
	if (f != NULL)
		fclose(f);
	line[strcspn(line, "\n")] = '\0';
	return strcmp(line, what) == 0;
}

/* Take the first line of "typed"; false when there is none, or not a whole one. */
static bool
take_line(char *ret, size_t size)
{
	FILE *f = open_in("typed", "r+");
	char rest[1024];
	size_t n, first;
	bool ok = false;

	if (f == NULL)
		return false;
	n = fread(rest, 1, sizeof(rest) - 1, f);
	rest[n] = '\0';
	first = strcspn(rest, "\n");
	if (rest[first] == '\n' && first < size) {
		memcpy(ret, rest, first);
		ret[first] = '\0';
		rewind(f);
		ok = fwrite(rest + first + 1, 1, n - first - 1, f) == n - first - 1 &&
		    fflush(f) == 0 && ftruncate(fileno(f), (off_t)(n - first - 1)) == 0;
	}
	fclose(f);
	return ok;
}

static void
write_asked(const unsigned char *p, size_t n)
{
	FILE *f = open_in("asked", "a");

	if (f == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%02X", p[i]);
	fprintf(f, "\n");
	fclose(f);
}

static void
wait_for_line(char *ret, size_t size, unsigned seconds)
{
	const struct timespec slice = { .tv_nsec = 10000000 };

	for (unsigned i = 0; i < seconds * 100; i++) {
		if (take_line(ret, size))
			return;
		nanosleep(&slice, NULL);
	}
	snprintf(ret, size, "timeout");
}

/* There are no letters on it. */
static size_t
digits_of(const char *word, unsigned char *ret, size_t max)
{
	size_t n = 0;

	for (; *word != '\0' && n < max; word++)
		if (*word >= '0' && *word <= '9')
			ret[n++] = (unsigned char)*word;
	return n;
}

/* One entry, at its place in the command.  False: too short or too long. */
static bool
enter(const char *word, const unsigned char limits[2], unsigned char *at, size_t block)
{
	unsigned char pin[64];
	size_t n = digits_of(word, pin, sizeof(pin));

	if (n < limits[1] || n > limits[0] || n > block)
		return false;
	memcpy(at, pin, n);
	return true;
}

static const struct {
	const char *word;
	unsigned sw;
} answers[] = {
	{ "cancel", 0x6401 }, { "timeout", 0x6400 }, { "reject", 0x6b80 },
};

static size_t
status(unsigned sw, unsigned char *ret)
{
	ret[0] = (unsigned char)(sw >> 8);
	ret[1] = (unsigned char)sw;
	return 2;
}

/* The bytes of the structure that was told last; START and FINISH come apart. */
static unsigned char told[256];
static size_t told_n;
static bool told_change;
#define CONFIRM	9	/* bConfirmPIN: 03 with the old one, 01 without */

static bool
only_new(const unsigned char *p)
{
	return p[CONFIRM] == 0x01;
}

/* A new PIN, twice.  0: it is put in its place. */
static unsigned
enter_new(const char *new, const char *again, const unsigned char *limits,
    unsigned char *at, size_t block)
{
	if (new == NULL || !enter(new, limits, at, block))
		return 0x6403;
	return again == NULL || strcmp(new, again) != 0 ? 0x6402 : 0;
}

/* Fill the person's entries into the command and send it. */
static size_t
carry_out(char *line, unsigned char *ret, size_t max)
{
	const size_t head = told_change ? 24 : 19, block = told[3] & 0x0f;
	unsigned char *command = told + head;
	const unsigned char *limits = told + (told_change ? 7 : 5);
	char *save = NULL, *old = strtok_r(line, " ", &save);
	const char *new = strtok_r(NULL, " ", &save), *again = strtok_r(NULL, " ", &save);
	size_t n = told_n - head;
	unsigned wrong = 0;

	if (told_change && only_new(told))
		wrong = enter_new(old, new, limits, command + 5, block);
	else if (old == NULL || !enter(old, limits, command + 5, block))
		wrong = 0x6403;
	else if (told_change)
		wrong = enter_new(new, again, limits, command + 5 + block, block);
	if (wrong != 0)
		return status(wrong, ret);
	if (!ask(command, n, ret, &max))
		return 0;
	return max;
}

static size_t
let_type(unsigned char *ret, size_t max)
{
	char line[128];

	wait_for_line(line, sizeof(line), told[0]);
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (strcmp(line, answers[i].word) == 0)
			return status(answers[i].sw, ret);
	if (strcmp(line, "leak") == 0) {
		memcpy(ret, "123456\220\0", 8);
		return 8;
	}
	if (strcmp(line, "odd") == 0) {
		memcpy(ret, "\220\0\0", 3);
		return 3;
	}
	return carry_out(line, ret, max);
}

/* As CCID checks it, and this reader's firmware. */
static bool
well_told(const unsigned char *p, size_t n, bool change)
{
	const size_t head = change ? 24 : 19;
	size_t data;

	if (n < head + 4 || n > sizeof(told))
		return false;
	data = p[head - 4] | (size_t)p[head - 3] << 8;
	return data + head == n && p[2] == 0x82 && (p[3] & 0x0f) != 0 &&
	    p[change ? 10 : 7] == 2 && p[change ? 11 : 8] == 1 &&
	    n - head == 5 + (size_t)(p[3] & 0x0f) * (change && !only_new(p) ? 2 : 1);
}

static bool
keep_told(const unsigned char *p, size_t n, bool change)
{
	write_asked(p, n);
	if (!well_told(p, n, change))
		return false;
	memcpy(told, p, n);
	told_n = n;
	told_change = change;
	return true;
}

static size_t
list_features(unsigned char *ret)
{
	static const unsigned char direct[] = { 0x06, 0x07, 0x0a, 0x12 };
	static const unsigned char steps[] = { 0x01, 0x02, 0x03, 0x04, 0x0a, 0x12 };
	bool by_steps = mode_is("steps") || mode_is("refuses");
	const unsigned char *tags = by_steps ? steps : direct;
	size_t n = by_steps ? sizeof(steps) : sizeof(direct);

	for (size_t i = 0; i < n; i++)
		memcpy(ret + 6 * i, (const unsigned char[]){ tags[i], 4, 0x42, 0x33, 0,
		    tags[i] }, 6);
	return 6 * n;
}

static const unsigned char properties[] = {
	0x01, 2, 0x10, 0x02,		/* two lines of 16 */
	0x06, 1, 4, 0x07, 1, 12,	/* digits of a PIN */
	0x0a, 4, 0, 0, 1, 0,		/* dwMaxAPDUDataSize 65536 */
	0x0b, 2, 0xe6, 0x08, 0x0c, 2, 0x78, 0x34,
};

/* 0: nothing came back from the card. */
static RESPONSECODE
answer(size_t n, LPDWORD ret)
{
	*ret = n;
	return n != 0 ? IFD_SUCCESS : IFD_COMMUNICATION_ERROR;
}

EXPORT RESPONSECODE
IFDHControl(DWORD lun, DWORD code, PUCHAR tx, DWORD tx_n, PUCHAR rx, DWORD rx_n, LPDWORD ret)
{
	bool liar = mode_is("liar");

	(void)lun;
	*ret = 0;
	if (rx_n < 64)
		return IFD_ERROR_INSUFFICIENT_BUFFER;
	if (code == CM_IOCTL_GET_FEATURE_REQUEST)
		return answer(list_features(rx), ret);
	if (code == (OURS | 0x0a))
		return answer((memcpy(rx, "\020\002\002\0", 4), 4), ret);
	if (code == (OURS | 0x12))
		return answer((memcpy(rx, properties, sizeof(properties)), sizeof(properties)),
		    ret);
	if (liar)
		return IFD_NOT_SUPPORTED;
	switch (code) {
	case OURS | 0x06:
	case OURS | 0x07:
		return answer(keep_told(tx, tx_n, code == (OURS | 0x07)) ? let_type(rx, rx_n) :
		    status(0x6b80, rx), ret);
	case OURS | 0x01:
	case OURS | 0x03:
		if (mode_is("refuses"))
			return answer(status(0x6b80, rx), ret);
		return keep_told(tx, tx_n, code == (OURS | 0x03)) ? IFD_SUCCESS :
		    IFD_NOT_SUPPORTED;
	case OURS | 0x02:
	case OURS | 0x04:
		return answer(let_type(rx, rx_n), ret);
	}
	return IFD_NOT_SUPPORTED;
}
