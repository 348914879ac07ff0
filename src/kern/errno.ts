// SPDX-License-Identifier: BSD-2-Clause
/** Error numbers of the packet path, as in 4.4BSD's <errno.h>. 0 is success. */
export const ESRCH = 3;
export const ENXIO = 6;
export const EACCES = 13;
export const EEXIST = 17;
export const EINVAL = 22;
export const ENOSPC = 28;
export const EPIPE = 32;
export const EMSGSIZE = 40;
export const EPROTONOSUPPORT = 43;
export const EOPNOTSUPP = 45;
export const EAFNOSUPPORT = 47;
export const EADDRINUSE = 48;
export const EADDRNOTAVAIL = 49;
export const ENETDOWN = 50;
export const ENOBUFS = 55;
export const EHOSTUNREACH = 65;
/** Taken over: the mbuf now belongs to the callee, which will finish it (FreeBSD's meaning in IPsec). */
export const EINPROGRESS = 36;
