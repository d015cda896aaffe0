# SPDX-License-Identifier: Apache-2.0
# FLIXIM_PKG(PREFIX, MODULE, PACKAGE): pkg-config's MODULE, or an error that names Debian's PACKAGE.
AC_DEFUN([FLIXIM_PKG], [
    m4_ifndef([PKG_PROG_PKG_CONFIG], [m4_fatal([pkg.m4 not found: install the package pkg-config])])
    AC_REQUIRE([PKG_PROG_PKG_CONFIG])
    AS_IF([test -z "$PKG_CONFIG"],
        [AC_MSG_ERROR([pkg-config not found: install the package pkg-config])])
    PKG_CHECK_MODULES([$1], [$2], [],
        [AC_MSG_ERROR([$2 not found: install the package $3])])
])

# FLIXIM_LIB(PREFIX, HEADER, LIBRARY, FUNCTION, PACKAGE): PREFIX_LIBS for a library that pkg-config does not know,
# or an error that names Debian's PACKAGE.
AC_DEFUN([FLIXIM_LIB], [
    AC_CHECK_HEADER([$2], [],
        [AC_MSG_ERROR([$2 not found: install the package $5])])
    AC_CHECK_LIB([$3], [$4], [AC_SUBST([$1_LIBS], [-l$3])],
        [AC_MSG_ERROR([lib$3 not found: install the package $5])])
])
