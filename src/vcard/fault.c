/* SPDX-License-Identifier: EUPL-1.2 */
/* What is to go wrong, and at which command. */
#include "vcard/fault.h"

bool
faults_add(struct faults *f, const struct fault *one)
{
	for (size_t i = 0; i < FAULTS_MAX; i++)
		if (f->one[i].countdown == 0) {
			f->one[i] = *one;
			return true;
		}
	return false;
}

void
faults_clear(struct faults *f)
{
	*f = (struct faults){ 0 };
}

/* All are counted down; if several are due, the one that was told first happens. */
bool
faults_take(struct faults *f, enum command_kind what, struct fault *ret)
{
	bool taken = false;

	for (size_t i = 0; i < FAULTS_MAX; i++) {
		struct fault *one = &f->one[i];

		if (one->countdown == 0 || (one->what != KIND_ANY && one->what != what))
			continue;
		if (one->countdown > 1 || taken) {
			one->countdown -= one->countdown > 1;
			continue;
		}
		*ret = *one;
		*one = (struct fault){ 0 };
		taken = true;
	}
	return taken;
}

bool
fault_kind_of(struct cur word, enum fault_kind *ret)
{
	static const char *const words[FAULT_KINDS] = { "drop", "delay", "sw", "garbage",
		"short", "surplus", "remove", "swap", "reset" };

	for (size_t i = 0; i < FAULT_KINDS; i++)
		if (cur_eq_str(word, words[i])) {
			*ret = (enum fault_kind)i;
			return true;
		}
	return false;
}
