/** A time as text, ISO 8601 UTC with microseconds: the driver's Date would cut them off. */
export const iso = (column: string): string => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

/** A NUMERIC as its shortest text, as prices on the WebSocket are written. */
export const decimal = (column: string): string => `trim_scale(${column})::text`
