/* The types of PostgreSQL that we speak, by the numbers that its catalog has
 * had since they exist (pg_type.dat). */
#ifndef PORTER_DB_OID_H
#define PORTER_DB_OID_H

#define OID_BOOL 16
#define OID_BYTEA 17
#define OID_NAME 19
#define OID_INT8 20
#define OID_INT2 21
#define OID_INT4 23
#define OID_TEXT 25
#define OID_OID 26
#define OID_JSON 114
#define OID_BPCHAR 1042
#define OID_VARCHAR 1043
#define OID_DATE 1082
#define OID_TIMESTAMP 1114
#define OID_TIMESTAMPTZ 1184
#define OID_UUID 2950
#define OID_JSONB 3802

#define OID_BYTEA_ARRAY 1001
#define OID_INT2_ARRAY 1005
#define OID_INT4_ARRAY 1007
#define OID_TEXT_ARRAY 1009
#define OID_VARCHAR_ARRAY 1015
#define OID_INT8_ARRAY 1016
#define OID_TIMESTAMPTZ_ARRAY 1185
#define OID_UUID_ARRAY 2951
#define OID_JSONB_ARRAY 3807

/* Its epoch, 2000-01-01, in ours. */
#define PG_EPOCH_US 946684800000000LL
#define PG_EPOCH_DAYS 10957
#define US_PER_DAY 86400000000LL
#define JSONB_VERSION 1

#endif
