/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Text from outside (reader names, certificates, challenges) made safe to show
 * (T30): valid UTF-8, one line, no control, no bidirectional override, bounded.
 */
#ifndef DEZI_BASE_TEXT_H
#define DEZI_BASE_TEXT_H

#include "base/buf.h"

/* Is c well-formed UTF-8 without NUL? */
bool text_is_utf8(struct cur c);

/*
 * Copy at most max_points code points.  What may not be shown (C0, C1, DEL,
 * U+200B-200F, U+2028-202E, U+2060-2069, U+FEFF, surrogates, bytes that are no
 * UTF-8) becomes one '?' each; a cut is shown by an ellipsis.
 */
void text_put_safe(struct buf *b, struct cur c, size_t max_points);

/* True when text_put_safe() would change nothing. */
bool text_is_safe(struct cur c, size_t max_points);

/* Is there a C0 control other than the tab, or DEL? */
bool text_has_control(struct cur c);

/* Equal but for the case of A-Z, whatever the locale: names of HTTP headers. */
bool text_eq_nocase(struct cur c, const char *s);

/* Only [A-Za-z0-9._-], 1 to max bytes: names in configuration, identifiers. */
bool text_is_name(struct cur c, size_t max);

#endif
