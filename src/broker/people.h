/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The register (register.conf): who a UZI number is, and in which employments and roles
 * that person works.  Here a proven identity turns into a care identity.
 */
#ifndef DEZI_BROKER_PEOPLE_H
#define DEZI_BROKER_PEOPLE_H

#include "base/buf.h"

struct person {
	char uzi_number[16];
	char dezi_number[16];
	char name[256];
	bool active;
};

struct employment {
	char id[64];			/* what a choice names */
	char uzi_number[16];
	char subscriber[16];		/* URA */
	char subscriber_name[256];
	char role[8];			/* "01.015" */
};

struct people;

/*
 * Pure.  ERR_CONFIG names the line: a number that is no number, a person or employment
 * that occurs twice, an employment of a person who is not there.
 */
MUST_CHECK enum err people_read(struct cur text, struct people **ret);
void people_free(struct people **p);

/* NULL: not in the register.  The caller asks whether the person is active. */
const struct person *people_find(const struct people *p, const char *uzi_number);

/* A person's employments, in the order of the file: their number, the first in *ret. */
size_t people_employments(const struct people *p, const char *uzi_number,
    const struct employment **ret);

#endif
