/* SPDX-License-Identifier: Apache-2.0 */
/* Every SQL statement that module and daemon send: one function call each, all in one table. */
#ifndef FLX_STATEMENT_H
#define FLX_STATEMENT_H

/* The schema that these statements were written for: the number of its newest migration. A database
 * with a higher number serves as well (migrations keep the functions that are in use), a lower one
 * does not. */
#define FLX_SCHEMA_VERSION 7

/* What a caller, and whoever finds the connection dead under it, must know of a statement. */
typedef struct flx_statement {
    /* for log lines and as the prepared statement's name: lower case and underscores */
    const char *name;
    /* the text, with $1, $2, ... for its parameters */
    const char *text;
    /* how many parameters it has */
    int parameters;
    /* whether it changes nothing, so that it may be sent again when nobody knows whether it ran */
    int read_only;
    /* how many times the usual limit it may take; 0 and 1: once */
    int patience;
} flx_statement;

/* No parameters. One row, of no use: the event partitions are made and dropped as they should be. */
extern const flx_statement flx_statement_keep_partitions;

/* No parameters. One row: the schema's version (int4). */
extern const flx_statement flx_statement_schema_version;

#endif
