/** The browser's own picker of folders (Chromium); picked-folder.ts lists what it gives. */
import type { FolderHandle } from './folder-handle.ts';

/** File System Access §3.3; the DOM's types do not know it. */
type Picking = { showDirectoryPicker?(options: { mode: 'read' }): Promise<FolderHandle> };

export function hasFolderPicker(scope: object): boolean {
  return 'showDirectoryPicker' in scope;
}

/** Null where the person chose none, or the browser gives none. Called in a person's own gesture. */
export async function pickFolder(scope: object): Promise<FolderHandle | null> {
  return (await (scope as Picking).showDirectoryPicker?.({ mode: 'read' }).catch(() => null)) ?? null;
}
