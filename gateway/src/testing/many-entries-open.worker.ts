/** Opens as open-file.worker.ts does, of an archive 200 entries and of another file one. None of them is DICOM. */
import { ROOMLESS_BYTES, type OpenTalk } from '../foreign/files/open-talk.ts';
import { serveTasks } from '../threads/serve-tasks.ts';
import { giving } from '../threads/thread.ts';

serveTasks<OpenTalk>(async ({ form, from }, ask) => {
  const entries = form.kind === 'archive' ? 200 : 1;
  for (let entry = (from?.[0] ?? 0) + 1; entry <= entries; entry += 1) {
    const begun = await ask(giving({ kind: 'begin', entry, bytes: ROOMLESS_BYTES + 1 }));
    await ask(giving({ kind: 'leave', entry: { entry, state: 'refused', reason: 'not-dicom' } }));
    if (begun.length > 0) return giving(Uint8Array.of(entry));
  }
  return giving(null);
});
