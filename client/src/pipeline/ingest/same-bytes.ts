/** Whether two files hold the same bytes; reads no further than the first that differ. */
const PIECE_BYTES = 1024 * 1024;

/** Rejects as reading does. */
export async function isSameBytes(first: Blob, second: Blob): Promise<boolean> {
  if (first.size !== second.size) return false;
  for (let at = 0; at < first.size; at += PIECE_BYTES) {
    const [one, other] = await Promise.all(
      [first, second].map(
        async (file) => new Uint8Array(await file.slice(at, at + PIECE_BYTES).arrayBuffer()),
      ),
    );
    if (!one!.every((byte, index) => byte === other![index])) return false;
  }
  return true;
}
