/** Calls `refresh` when the page is seen again, and every so often while it is seen. Returns what ends it. */
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
