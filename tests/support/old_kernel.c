/* SPDX-License-Identifier: MIT */
/*
 * old_kernel.c - three seccomp filters, one for each call.
 */
#define _GNU_SOURCE
#include "support/old_kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define WORD "old-kernel"
#define KERNEL_CLONE_PIDFD 0x1000

/* Refuse a call if one of these bits is set in an argument's lower half. */
static bool refuse(long call, int argument, uint32_t bits, int error)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offsetof(struct seccomp_data, args) + 8 * (size_t)argument)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

bool old_kernel_if_asked(int argc, char **argv)
{
	if (argc != 3 || strcmp(argv[1], WORD) != 0)
		return false;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || !refuse(SYS_close_range, 1, UINT32_MAX, ENOSYS) ||
	    !refuse(SYS_clone, 0, KERNEL_CLONE_PIDFD, EINVAL) || !refuse(SYS_pidfd_send_signal, 3, UINT32_MAX, EINVAL))
		exit(OLD_KERNEL_SKIP);
	cmocka_set_skip_filter(argv[2]);
	return true;
}

int old_kernel_run_again(const char *without)
{
	int status;
	const pid_t pid = fork();

	if (pid == 0) {
		(void)dup2(STDERR_FILENO, STDOUT_FILENO);
		execl("/proc/self/exe", "old-kernel", WORD, without, (char *)NULL);
		_exit(1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 1;
	return WEXITSTATUS(status);
}
