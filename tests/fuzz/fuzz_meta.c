/* SPDX-License-Identifier: Apache-2.0 */
/* What a layer, or a set of them, says of itself: meta.json and set.json. */
#define _GNU_SOURCE
#include "fuzz.h"
#include "../../cow/meta.h"
#include "../../cow/set.h"

/* What was understood is what is written again. */
static void check_again(const struct wr_meta *m)
{
	_cleanup_meta_ struct wr_meta again = {0};
	_cleanup_free_ char *text = wr_meta_print(m);

	CHECK(text && wr_meta_parse(text, &again) == 0);
	CHECK(again.n_lowers == m->n_lowers && !again.covers == !m->covers && !again.command == !m->command);
	CHECK(!m->covers || !strcmp(m->covers, again.covers));
	CHECK(!m->command || !strcmp(m->command, again.command));
	for (unsigned i = 0; i < m->n_lowers; i++)
		CHECK(!strcmp(m->lowers[i], again.lowers[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_meta_ struct wr_meta m = {0};
	_cleanup_set_ struct wr_set set = {0};
	_cleanup_free_ char *text = string_of(data, size);

	if (wr_meta_parse(text, &m) == 0)
		check_again(&m);
	if (wr_set_parse(text, "/dir", &set) == 0)
		for (size_t i = 0; i < set.n; i++)
			CHECK(set.parts[i].dir && set.parts[i].covers);
	return 0;
}
