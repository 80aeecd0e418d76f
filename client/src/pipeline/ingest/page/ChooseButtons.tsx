/**
 * Two buttons, for files and for a folder. `main`: on the empty page; otherwise they add to a selection. They open
 * the browser's own pickers; the same file can be chosen twice in a row.
 */
import { useRef } from 'preact/hooks';
import type { FolderHandle } from '../choose/folder-handle.ts';
import { useIngest } from '../found/ingest-context.ts';
import { Icon } from '../../../kit/Icon.tsx';
import { ingestWords } from './ingest-words.ts';

/** Phones cannot pick folders, so the button would do nothing there. */
const picksFolders = 'webkitdirectory' in HTMLInputElement.prototype;

export function ChooseButtons({ main }: { readonly main: boolean }) {
  const ingest = useIngest();
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const take = (event: Event) => {
    const input = event.currentTarget as HTMLInputElement;
    void ingest.addFiles([...(input.files ?? [])]);
    input.value = '';
  };
  const chooseFolder = async () => {
    if (!hasFolderPicker(window)) return folder.current?.click();
    const picked = await pickFolder(window);
    if (picked !== null) await ingest.addFolder(picked);
  };
  return (
    <fieldset
      class={main ? 'choose choose-main' : 'choose'}
      aria-label={main ? ingestWords.drop : ingestWords.addLabel}
    >
      <input ref={files} type="file" multiple hidden data-picks="files" onChange={take} />
      <input
        ref={folder}
        type="file"
        hidden
        data-picks="folder"
        onChange={take}
        {...{ webkitdirectory: true }}
      />
      <button
        type="button"
        class={main ? 'button button-main' : 'button'}
        onClick={() => files.current?.click()}
      >
        <Icon name="files" />
        {main ? ingestWords.chooseFiles : ingestWords.addFiles}
      </button>
      {picksFolders && (
        <button type="button" class="button" onClick={() => void chooseFolder()}>
          <Icon name="folder" />
          {main ? ingestWords.chooseFolder : ingestWords.addFolder}
        </button>
      )}
    </fieldset>
  );
}

/** The browser's own folder picker (Chromium; File System Access §3.3), which the DOM's types do not include. */
type Picking = { showDirectoryPicker?(options: { mode: 'read' }): Promise<FolderHandle> };

function hasFolderPicker(scope: object): boolean {
  return 'showDirectoryPicker' in scope;
}

/** Null if the person chose no folder, or the browser provides none. Must be called within a user gesture. */
async function pickFolder(scope: object): Promise<FolderHandle | null> {
  return (await (scope as Picking).showDirectoryPicker?.({ mode: 'read' }).catch(() => null)) ?? null;
}
