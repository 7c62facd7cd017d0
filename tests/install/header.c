/* SPDX-License-Identifier: MIT */
/*
 * header.c - quiesce.h, first and alone, with all that its macros expand to;
 * compiled as C and as C++.
 */
#include <quiesce.h>

extern void use(const void *value);

void use_initialisers(void);

void use_initialisers(void)
{
	qs_cause cause = QS_CAUSE_INIT;
	qs_stop_options stop = QS_STOP_OPTIONS_INIT;
	qs_pool_options pool = QS_POOL_OPTIONS_INIT;
	qs_task_options task = QS_TASK_OPTIONS_INIT;
	qs_report report = QS_REPORT_INIT;
	qs_straggler straggler = QS_STRAGGLER_INIT;
	qs_process_options process = QS_PROCESS_OPTIONS_INIT;
	qs_process_status status = QS_PROCESS_STATUS_INIT;
	qs_signals_options signals = QS_SIGNALS_OPTIONS_INIT;
	qs_time times[] = { QS_NOW, QS_NEVER };

	use(&cause);
	use(&stop);
	use(&pool);
	use(&task);
	use(&report);
	use(&straggler);
	use(&process);
	use(&status);
	use(&signals);
	use(times);
}
