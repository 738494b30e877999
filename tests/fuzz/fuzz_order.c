/* SPDX-License-Identifier: EUPL-1.2 */
/* Lines of the simulator's control socket. */
#include "tests/fuzz/fuzz.h"

#include "vcard/order.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct faults faults = { 0 };
	struct fault due;
	struct order o;

	if (order_parse(cur_of(data, size), &o) != ERR_OK)
		return 0;
	must(o.slot < SLOTS && o.verb < ORDERS);
	must(memchr(o.card, 0, sizeof(o.card)) != NULL);
	if (o.verb == ORDER_WAIT)
		must(o.wait < WAITS && o.timeout_ms >= 0 && o.timeout_ms <= 600000);
	if (o.verb != ORDER_FAULT && o.verb != ORDER_ON)
		return 0;
	must(o.fault.countdown > 0 && o.fault.kind < FAULT_KINDS);
	must(faults_add(&faults, &o.fault));
	must(faults_take(&faults, o.fault.what, &due) == (o.fault.countdown == 1));
	return 0;
}
