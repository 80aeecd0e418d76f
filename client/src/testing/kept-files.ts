/** Runs in the page: how many files of the app the service worker has stored. */
export async function keptFiles(): Promise<number> {
  const names = (await caches.keys()).filter((name) => name.includes('precache'));
  const kept = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
  return kept.flat().length;
}
