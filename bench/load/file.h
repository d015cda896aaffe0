/* SPDX-License-Identifier: Apache-2.0 */
/* Files that the command line names. */
#ifndef LOAD_FILE_H
#define LOAD_FILE_H

/* A file's text, which the caller frees; NULL after it has said what is wrong. */
char *load_file_read(const char *path);

#endif
