/* SPDX-License-Identifier: EUPL-1.2 */
/* dezi doctor: what programs that load dezi-pkcs11.so find here. */
#include "config.h"

#include <unistd.h>

#include "cli/doctor.h"
#include "pkcs11/conf.h"

/* As the module reads it, for a program of this person. */
static void
check_conf(struct doctor *d)
{
	AUTO(conf_free) struct conf c = { 0 };
	AUTO(buf_free) struct buf names = BUF(PROFILES_MAX * 64);

	if (conf_load(&c) != ERR_OK) {
		doctor_say(d, DOCTOR_WRONG, "pkcs11",
		    _("Correct it; until then dezi-pkcs11.so serves no program."), "%s",
		    cli_safe(err_trail()));
		return;
	}
	d->reset_on_logout = c.reset_on_logout;
	for (size_t i = 0; i < c.profiles.n; i++)
		buf_fmt(&names, " %s", c.profiles.items[i]->name);
	if (buf_cstr(&names) == NULL)
		return;
	if (c.file[0] == '\0')
		doctor_say(d, DOCTOR_GOOD, "pkcs11", "",
		    _("no pkcs11.conf, defaults hold; card profiles:%s"), buf_cstr(&names));
	else
		doctor_say(d, DOCTOR_GOOD, "pkcs11", "", _("%s; card profiles:%s"),
		    cli_safe(c.file), buf_cstr(&names));
}

/* p11-kit's own two folders, and the one of this installation. */
static void
check_registration(struct doctor *d)
{
	static const char *const files[] = {
		"/etc/pkcs11/modules/dezi.module", DATADIR "/p11-kit/modules/dezi.module",
		"/usr/share/p11-kit/modules/dezi.module",
	};

	for (size_t i = 0; i < NELEM(files); i++)
		if (access(files[i], R_OK) == 0) {
			doctor_say(d, DOCTOR_GOOD, "p11-kit", "", _("knows the module: %s"),
			    files[i]);
			return;
		}
	doctor_say(d, DOCTOR_WARNING, "p11-kit", _("Install dezi-pkcs11."),
	    _("does not know dezi-pkcs11.so: programs must name it themselves"));
}

void
doctor_pkcs11(struct doctor *d)
{
	check_conf(d);
	check_registration(d);
}
