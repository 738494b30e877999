/* SPDX-License-Identifier: EUPL-1.2 */
/* Text several times, for bytes that do not matter. */
#ifndef DEZI_TESTS_REPEAT_H
#define DEZI_TESTS_REPEAT_H

#define X4(s)		s s s s
#define X16(s)		X4(s) X4(s) X4(s) X4(s)
#define X32(s)		X16(s) X16(s)
#define X64(s)		X16(s) X16(s) X16(s) X16(s)

#endif
