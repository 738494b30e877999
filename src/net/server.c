/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * libmicrohttpd inside an sd-event loop.
 *
 * We accept, because the peer must be known before a byte is read; libmicrohttpd polls
 * its connections through one epoll descriptor that the loop watches.
 */
#include "net/exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CONNECTIONS	64
#define PER_UID		32
#define PATIENCE_MS	30000
#define CONNECTION_MEMORY (16 * 1024)	/* first line and headers */
#define ACCEPT_PAUSE_USEC 1000000

struct http_server {
	struct exchange_home  home;
	struct MHD_Daemon    *daemon;
	int		      listen_fd;
	sd_event_source	     *listen, *poll, *pause;
	struct http_exchange *arriving;		/* for on_connection() */
};

static void
run(struct http_server *s)
{
	MHD_UNSIGNED_LONG_LONG ms;

	MHD_run(s->daemon);
	/* It has more work, of which no descriptor will tell. */
	if (MHD_get_timeout(s->daemon, &ms) == MHD_YES && ms == 0)
		sd_event_source_set_enabled(s->home.pump, SD_EVENT_ONESHOT);
}

static int
on_poll(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED, void *arg)
{
	run(arg);
	return 0;
}

static int
on_pump(sd_event_source *source UNUSED, void *arg)
{
	run(arg);
	return 0;
}

static void
on_connection(void *arg, struct MHD_Connection *mhd, void **socket_context,
    enum MHD_ConnectionNotificationCode code)
{
	struct http_server *s = arg;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		s->arriving->mhd = mhd;
		*socket_context = s->arriving;
		s->arriving = NULL;
		return;
	}
	exchange_free(*socket_context);
	*socket_context = NULL;
}

static bool
has_room_for(const struct http_server *s, uid_t uid)
{
	unsigned n = 0, of_uid = 0;

	for (const struct http_exchange *x = s->home.all; x != NULL; x = x->next) {
		n++;
		of_uid += x->peer.uid == uid;
	}
	return n < s->home.o.max_connections && of_uid < s->home.o.max_per_uid;
}

static bool
peer_of(int fd, struct http_peer *ret)
{
	struct ucred cred;
	socklen_t n = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) != 0 || n != sizeof(cred))
		return false;
	*ret = (struct http_peer){ cred.uid, cred.gid, cred.pid };
	return true;
}

/* fd is closed, by us or by libmicrohttpd, unless it became a connection. */
static void
take_in(struct http_server *s, int fd)
{
	const struct sockaddr_un from = { .sun_family = AF_UNIX };
	struct http_peer peer;
	struct http_exchange *x;

	if (!peer_of(fd, &peer) || !has_room_for(s, peer.uid) ||
	    (x = exchange_new(&s->home, fd, &peer)) == NULL) {
		close(fd);
		return;
	}
	s->arriving = x;
	MHD_add_connection(s->daemon, fd, (const struct sockaddr *)&from,
	    sizeof(from.sun_family));
	/* Refused before on_connection() heard of it: then nobody else will free it. */
	if (s->arriving != NULL)
		exchange_free(s->arriving);
	s->arriving = NULL;
	sd_event_source_set_enabled(s->home.pump, SD_EVENT_ONESHOT);
}

/* Out of descriptors: look again later instead of spinning. */
static int
on_pause_over(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *arg)
{
	struct http_server *s = arg;

	sd_event_source_set_enabled(s->listen, SD_EVENT_ON);
	return 0;
}

static int
on_listen(sd_event_source *source, int fd, uint32_t events UNUSED, void *arg)
{
	struct http_server *s = arg;
	int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (client >= 0) {
		take_in(s, client);
	} else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
		sd_event_source_set_time_relative(s->pause, ACCEPT_PAUSE_USEC);
		sd_event_source_set_enabled(s->pause, SD_EVENT_ONESHOT);
	}
	return 0;
}

static enum err
daemon_start(struct http_server *s)
{
	s->daemon = MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
	    exchange_on_request, NULL,
	    MHD_OPTION_CONNECTION_LIMIT, s->home.o.max_connections,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_URI_LOG_CALLBACK, exchange_on_target, NULL,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
	    MHD_OPTION_NOTIFY_COMPLETED, exchange_on_completed, NULL,
	    MHD_OPTION_END);
	return s->daemon == NULL ? fail(ERR_SYS, "HTTP server: %s", strerror(errno)) : ERR_OK;
}

static enum err
sources_add(struct http_server *s)
{
	const union MHD_DaemonInfo *info =
	    MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	int r = info == NULL ? -ENOTSUP : 0;

	if (r >= 0)
		r = sd_event_add_io(s->home.loop, &s->poll, info->epoll_fd, EPOLLIN, on_poll, s);
	if (r >= 0)
		r = sd_event_add_io(s->home.loop, &s->listen, s->listen_fd, EPOLLIN, on_listen, s);
	if (r >= 0)
		r = sd_event_add_defer(s->home.loop, &s->home.pump, on_pump, s);
	if (r >= 0)
		r = sd_event_add_time_relative(s->home.loop, &s->pause, CLOCK_MONOTONIC,
		    ACCEPT_PAUSE_USEC, 0, on_pause_over, s);
	if (r >= 0)
		r = sd_event_source_set_enabled(s->pause, SD_EVENT_OFF);
	return r < 0 ? fail(ERR_SYS, "HTTP server: %s", strerror(-r)) : ERR_OK;
}

enum err
http_server_start(sd_event *loop, int listen_fd, const struct http_server_options *o,
    struct http_server **ret)
{
	AUTO(http_server_stop) struct http_server *s = calloc(1, sizeof(*s));
	int flags = fcntl(listen_fd, F_GETFL);
	enum err r;

	if (s == NULL) {
		close(listen_fd);
		return fail(ERR_NOMEM, "HTTP server");
	}
	s->home.loop = sd_event_ref(loop);
	s->listen_fd = listen_fd;
	s->home.o = *o;
	s->home.o.max_connections = o->max_connections != 0 ? o->max_connections : CONNECTIONS;
	s->home.o.max_per_uid = o->max_per_uid != 0 ? o->max_per_uid : PER_UID;
	s->home.o.patience_ms = o->patience_ms != 0 ? o->patience_ms : PATIENCE_MS;
	if (flags < 0 || fcntl(listen_fd, F_SETFL, flags | O_NONBLOCK) != 0)
		return fail(ERR_SYS, "HTTP server: %s", strerror(errno));
	if ((r = daemon_start(s)) != ERR_OK || (r = sources_add(s)) != ERR_OK)
		return r;
	*ret = s;
	s = NULL;		/* the caller's now */
	return ERR_OK;
}

/* libmicrohttpd may not be stopped while a connection is suspended. */
static void
end_all(struct http_server *s)
{
	for (struct http_exchange *x = s->home.all; x != NULL; x = x->next)
		exchange_kill(x);
	MHD_run(s->daemon);
	MHD_stop_daemon(s->daemon);
}

void
http_server_stop(struct http_server **server)
{
	struct http_server *s = *server;

	if (s == NULL)
		return;
	*server = NULL;
	if (s->daemon != NULL)
		end_all(s);
	sd_event_source_disable_unref(s->listen);
	sd_event_source_disable_unref(s->poll);
	sd_event_source_disable_unref(s->home.pump);
	sd_event_source_disable_unref(s->pause);
	sd_event_unref(s->home.loop);
	close(s->listen_fd);
	free(s);
}

