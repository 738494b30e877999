/* SPDX-License-Identifier: EUPL-1.2 */
/* dezi doctor: readers and tokens on USB that need to be known (pcsc.md sections 10, 11). */
#include "config.h"

#include <dirent.h>
#include <stdlib.h>

#include "base/file.h"
#include "cli/doctor.h"

#define USB_DEVICES	"/sys/bus/usb/devices"

struct usb_note {
	uint16_t vendor, product;
	enum doctor_level level;
	const char *what;
	const char *advice;
};

#define NO_CCID		N_("this key has its smartcard part switched off")
#define CCID_ON		N_("Switch it on with the vendor's tool (CCID or PIV).")
#define NO_PINPAD	N_("says it has a keypad and has none; the PIN window is used")
#define LEAKS		N_("its keypad also sends the digits to the computer; the PIN window is used")
#define AUTOSUSPEND	N_("loses the card when it is put to sleep")
#define POWER_ON	N_("The udev rules of this project keep its power on.")

static const struct usb_note notes[] = {
	{ 0x1050, 0x0401, DOCTOR_WARNING, NO_CCID, CCID_ON },
	{ 0x1050, 0x0402, DOCTOR_WARNING, NO_CCID, CCID_ON },
	{ 0x1050, 0x0403, DOCTOR_WARNING, NO_CCID, CCID_ON },
	{ 0x076b, 0x3031, DOCTOR_GOOD, NO_PINPAD, "" },
	{ 0x076b, 0x6632, DOCTOR_GOOD, NO_PINPAD, "" },
	{ 0x076b, 0x3a21, DOCTOR_GOOD, NO_PINPAD, "" },
	{ 0x046a, 0x00a7, DOCTOR_GOOD, NO_PINPAD, "" },
	{ 0x03f0, 0x1024, DOCTOR_WARNING, LEAKS, "" },
	{ 0x03f0, 0x0036, DOCTOR_WARNING, LEAKS, "" },
	{ 0x0bf8, 0x1017, DOCTOR_WARNING, LEAKS, "" },
	{ 0x04f2, 0x1469, DOCTOR_WARNING, LEAKS, "" },
	{ 0x0783, 0x0003, DOCTOR_GOOD, AUTOSUSPEND, POWER_ON },
	{ 0x058f, 0x9520, DOCTOR_GOOD, AUTOSUSPEND, POWER_ON },
};

static bool
attribute(const char *device, const char *name, char *ret, size_t size)
{
	AUTO(buf_free) struct buf text = BUF(8192);
	char path[512];
	struct cur line, rest;

	snprintf(path, sizeof(path), USB_DEVICES "/%s/%s", device, name);
	if (file_read(path, &text) != ERR_OK)
		return false;
	rest = buf_view(&text);
	return cur_until(&rest, '\n', &line) && cur_to_str(line, ret, size);
}

static bool
identity(const char *device, unsigned *vendor, unsigned *product)
{
	char v[8], p[8];

	if (!attribute(device, "idVendor", v, sizeof(v)) ||
	    !attribute(device, "idProduct", p, sizeof(p)))
		return false;
	*vendor = (unsigned)strtoul(v, NULL, 16);
	*product = (unsigned)strtoul(p, NULL, 16);
	return true;
}

static void
look(struct doctor *d, const char *device)
{
	unsigned vendor, product;
	char name[128];

	if (!identity(device, &vendor, &product))
		return;
	for (size_t i = 0; i < NELEM(notes); i++) {
		const struct usb_note *n = &notes[i];

		if (n->vendor != vendor || n->product != product)
			continue;
		if (!attribute(device, "product", name, sizeof(name)))
			snprintf(name, sizeof(name), "?");
		doctor_say(d, n->level, "reader", n->advice[0] == '\0' ? "" : _(n->advice),
		    "%s (%04x:%04x): %s", cli_safe(name), vendor, product, _(n->what));
	}
}

void
doctor_usb(struct doctor *d)
{
	DIR *dir = opendir(USB_DEVICES);
	const struct dirent *e;

	if (dir == NULL)	/* a machine without USB */
		return;
	while ((e = readdir(dir)) != NULL)
		if (e->d_name[0] != '.')
			look(d, e->d_name);
	closedir(dir);
}
