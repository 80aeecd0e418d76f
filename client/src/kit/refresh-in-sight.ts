/**
 * Calls `refresh` when the page becomes visible, and at this interval while it is. Returns a function that stops it.
 */
export function refreshInSight(refresh: () => void, everyMs: number): () => void {
  const refreshSeen = () => {
    if (document.visibilityState === 'visible') refresh();
  };
  const timer = setInterval(refreshSeen, everyMs);
  document.addEventListener('visibilitychange', refreshSeen);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', refreshSeen);
  };
}
