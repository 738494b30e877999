/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The broker's audit trail, in the spirit of NEN 7513: who, what, when, with which
 * result.  The only place where a person is named (DESIGN section 6 rule 10).
 *
 * A record is a list of fields.  In a file it is one line of JSON, written at once; in
 * the journal each field is DEZI_<NAME>.  No secret and no handle is ever a field.
 */
#ifndef DEZI_BROKER_AUDIT_H
#define DEZI_BROKER_AUDIT_H

#include "base/buf.h"

#define AUDIT_FIELDS_MAX	48

struct audit;

/* path "": the journal.  A file is made with mode 0600.  ERR_SYS, ERR_CONFIG. */
MUST_CHECK enum err audit_open(const char *path, struct audit **ret);
void audit_close(struct audit **a);
/* Open the file again, after a log rotation. */
MUST_CHECK enum err audit_reopen(struct audit *a);

struct audit_record {
	struct audit_field {
		const char *name;	/* lower case, a constant */
		char	    value[264];
	} fields[AUDIT_FIELDS_MAX];
	size_t n;
};
/* Empty values are left out; what is too long is cut. */
void audit_str(struct audit_record *r, const char *name, const char *value);
void audit_int(struct audit_record *r, const char *name, int64_t value);
void audit_hex(struct audit_record *r, const char *name, struct cur value);
/* UTC seconds as 2026-11-22T00:00:00Z. */
void audit_time(struct audit_record *r, const char *name, int64_t utc);

/* ERR_SYS: it was not written; who depends on the record must not go on. */
MUST_CHECK enum err audit_write(struct audit *a, const struct audit_record *r);

#endif
