/* SPDX-License-Identifier: Apache-2.0 */
/* The results of warren bench: one tree, which is what --json writes and what everything that is shown is
 * made from.
 *
 *   format      "warren-bench-1"
 *   made        UTC, as 2026-01-31T12:00:00Z; warren: its version; command: the words it was called with
 *   machine     cpu, cpus, memory (bytes), kernel, load (of the last minute, when it began), features
 *   calls       [{call, note, setting: root|foreign|layer|frozen|touched, who, ns: [of one call, a round
 * each; null where it failed], p50, p90, p99, p999 (of all rounds), histogram: [[lower bound in ns,
 * count]...], cpu_ns (guest and supervisor, of one call), switches (context switches of both, for one call),
 *               supervisor_calls (for one call), supervisor_names: {name: of one call}}]
 *   starts      [{what, who, setting, ns: [a round each]}]
 *   throughput  [{sandboxes, threads (of each guest), workers, who, per_second: [a round each], cpu_ns: [a
 *               round each, of the supervisor for a notification]}]
 *   idle        [{sandboxes, few, ns_few, ns, memory, starts_per_second: [a round each]}]: a null call of one
 *               more beside few and beside all; bytes of the engine for one
 *   breakdown   [{call, who, part, ns}]
 *   layers      [{name, note, setting: untouched|copied-up|whited-out, who, ns: [of one call, a round each;
 *               null where it failed]}]
 *   workloads   [{name, note, setting, who, ns: [a round each; null where it failed]}]
 *   left_out    [{who, why}]
 *
 * What was not measured is absent, and workers where there are none. All rounds have the same order, so that
 * ratios are those of one round: of a call to "native" of the same call and setting, of a layer's, of a
 * workload or start to "native" of the same name, of throughput to the nearest "bare" in the list with as
 * many sandboxes and threads. */
#ifndef WARREN_TOOLS_BENCH_RESULTS_H
#define WARREN_TOOLS_BENCH_RESULTS_H

#include <cjson/cJSON.h>

#define RESULTS_FORMAT "warren-bench-1"

#endif
