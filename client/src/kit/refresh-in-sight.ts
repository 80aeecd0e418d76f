/**
 * Calls `refresh` when the page becomes visible, and at this interval while it is, but not while a dialog is open: what
 * a person types there may belong to a row that a refresh would remove. Returns a function that stops it.
 */
export function refreshInSight(refresh: () => void, everyMs: number): () => void {
  const refreshSeen = () => {
    if (document.visibilityState === 'visible' && document.querySelector('dialog[open]') === null) refresh();
  };
  const timer = setInterval(refreshSeen, everyMs);
  document.addEventListener('visibilitychange', refreshSeen);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', refreshSeen);
  };
}
