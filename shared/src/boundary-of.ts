/** The boundary of a multipart body, from its Content-Type (RFC 2046 §5.1.1, RFC 2387 §3, RFC 7578 §4.1). */

const BOUNDARY = /^multipart\/([a-z-]+)\s*;(?:.*;)?\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s";,]{1,70}))/i;

/** Null: the body is not `multipart/` of this subtype, or names no boundary of 1 to 70 characters. */
export function boundaryOf(contentType: string, subtype: 'form-data' | 'related'): string | null {
  const [, said, quoted, bare] = BOUNDARY.exec(contentType) ?? [];
  return said?.toLowerCase() === subtype ? (quoted ?? bare ?? null) : null;
}
