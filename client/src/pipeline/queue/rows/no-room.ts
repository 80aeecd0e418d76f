/**
 * Recognises a full disk: `QuotaExceededError`, however deeply it is wrapped. IndexedDB reports it for a request or,
 * later, for the whole transaction (Indexed Database API §5.4), and Dexie then wraps it.
 */
export function isNoRoom(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = 'inner' in each ? each.inner : each.cause) {
    if (each.name === 'QuotaExceededError') return true;
  }
  return false;
}
