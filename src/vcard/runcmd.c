/* SPDX-License-Identifier: EUPL-1.2 */
/* dezi-vcard run and dezi-vcard ctl */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "vcard/commands.h"
#include "vcard/control.h"
#include "vcard/server.h"

#define PORT_DEFAULT	35963	/* 0x8C7B: the packaged reader.conf of vpcd */

static bool
parse_port(const char *s, uint16_t *ret)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(s, &end, 10);
	*ret = (uint16_t)v;
	return errno == 0 && *end == '\0' && s[0] >= '0' && s[0] <= '9' && v >= 1 &&
	    v + SLOTS - 1 <= 65535;
}

static bool
parse_run(int argc, char **argv, struct server_options *ret)
{
	static const struct option options[] = {
		{ "port", required_argument, NULL, 'p' },
		{ "control", required_argument, NULL, 'c' },
		{ "state", required_argument, NULL, 's' },
		{ "verbose", no_argument, NULL, 'v' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == '?' || (c == 'p' && !parse_port(optarg, &ret->port)))
			return false;
		if (c == 'c')
			ret->control = optarg;
		else if (c == 's')
			ret->state_dir = optarg;
		else if (c == 'v')
			ret->verbose = true;
	}
	for (size_t i = 0; i < SLOTS && optind < argc; i++)
		ret->cards[i] = argv[optind++];
	return optind == argc;
}

int
run_main(int argc, char **argv)
{
	struct server_options o = { .port = PORT_DEFAULT };
	const char *port = getenv("DEZI_VPCD_PORT");	/* of tests/with-pcscd */
	enum err r;

	if ((port != NULL && !parse_port(port, &o.port)) || !parse_run(argc, argv, &o))
		return COMMAND_USAGE;
	log_start("dezi-vcard", LOG_LEVEL_INFO);
	if (o.state_dir != NULL && mkdir(o.state_dir, 0700) != 0 && errno != EEXIST) {
		log_error("%s: %s", o.state_dir, strerror(errno));
		return EXIT_FAILURE;
	}
	if ((r = server_run(&o)) == ERR_OK)
		return EXIT_SUCCESS;
	log_error("%s", err_trail());
	return r == ERR_CONFIG || r == ERR_MALFORMED ? EXIT_USAGE : EXIT_FAILURE;
}

/*
 * The remote control.
 */

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

enum err
server_ask(const char *path, struct cur line, struct buf *ret)
{
	AUTO(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un at;
	ssize_t n;

	if (!control_address(path, &at) || fd < 0 ||
	    connect(fd, (const struct sockaddr *)&at, sizeof(at)) != 0 ||
	    send(fd, line.p, line.n, MSG_NOSIGNAL) != (ssize_t)line.n)
		return fail(ERR_SYS, "%s: %s", path, strerror(errno));
	do {
		uint8_t *room = buf_room(ret, 512);

		if (room == NULL)
			return buf_end(ret);
		n = recv(fd, room, 512, 0);
		ret->len -= 512 - (n > 0 ? (size_t)n : 0);
	} while (n > 0 && ret->p[ret->len - 1] != '\n');
	return n > 0 ? ERR_OK : fail(ERR_SYS, "%s: no answer", path);
}

/* Is argv[i] the path of a card?  It is the server that opens it. */
static bool
is_card(int i, char **argv)
{
	return i > 0 && (strcmp(argv[i - 1], "swap") == 0 ||
	    (i == 2 && (strcmp(argv[0], "insert") == 0 || strcmp(argv[0], "swap") == 0)));
}

static void
put_words(struct buf *line, int argc, char **argv)
{
	char cwd[PATH_MAX];

	for (int i = 0; i < argc; i++) {
		if (i > 0)
			buf_u8(line, ' ');
		if (is_card(i, argv) && i >= 2 && argv[i][0] != '/' &&
		    getcwd(cwd, sizeof(cwd)) != NULL)
			buf_fmt(line, "%s/", cwd);
		buf_str(line, argv[i]);
	}
	buf_u8(line, '\n');
}

int
ctl_main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "control", required_argument, NULL, 'c' },
		{ 0 },
	};
	AUTO(buf_free) struct buf line = BUF(ORDER_MAX);
	AUTO(buf_free) struct buf reply = BUF(65536);
	const char *control = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "+", options, NULL)) == 'c')
		control = optarg;
	if (c != -1 || control == NULL || optind == argc)
		return COMMAND_USAGE;
	put_words(&line, argc - optind, argv + optind);
	if (buf_end(&line) != ERR_OK ||
	    server_ask(control, buf_view(&line), &reply) != ERR_OK) {
		fprintf(stderr, "dezi-vcard: %s\n", err_trail());
		return EXIT_FAILURE;
	}
	fwrite(reply.p, 1, reply.len, stdout);
	return fflush(stdout) == 0 && cur_starts(buf_view(&reply), cur_str("ok")) ?
	    EXIT_SUCCESS : EXIT_FAILURE;
}
