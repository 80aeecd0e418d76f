/**
 * Writes a file of any size to a place of the person's choice. Browsers that can write to a chosen place receive it
 * piece by piece. In others it becomes a download, which is gathered in the browser's blob storage rather than in the
 * page's memory.
 */

/** File System Access (WICG), which TypeScript's library does not include. */
interface Writable {
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  close(): Promise<void>;
  abort(): Promise<void>;
}
interface Picker {
  showSaveFilePicker?(options: { readonly suggestedName: string }): Promise<{
    createWritable(): Promise<Writable>;
  }>;
}

interface FileTarget {
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /**
   * Completes the file. Call the returned function once the browser has read a download: its bytes are kept until
   * then.
   */
  close(): Promise<() => void>;
  /** Aborts without leaving a partial file. */
  abort(): Promise<void>;
}

/** Bytes are gathered up to this size before they become a blob, because small blobs cost more than they hold. */
const GATHERED_BYTES = 8 * 1024 * 1024;

/** Call it in the click handler, because browsers ask for a place only then. Null: the person has cancelled. */
export async function openFileTarget(name: string): Promise<FileTarget | null> {
  const picker = globalThis as Picker;
  if (picker.showSaveFilePicker === undefined) return downloadTarget(name);
  try {
    return chosenTarget(await (await picker.showSaveFilePicker({ suggestedName: name })).createWritable());
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return null;
    throw error;
  }
}

function chosenTarget(file: Writable): FileTarget {
  return {
    write: (bytes) => file.write(bytes),
    async close() {
      await file.close();
      return () => undefined;
    },
    abort: () => file.abort(),
  };
}

function downloadTarget(name: string): FileTarget {
  const blobs: Blob[] = [];
  let pieces: Uint8Array<ArrayBuffer>[] = [];
  let held = 0;
  const gather = (): void => {
    blobs.push(new Blob(pieces));
    pieces = [];
    held = 0;
  };
  return {
    async write(bytes) {
      pieces.push(bytes);
      held += bytes.length;
      if (held >= GATHERED_BYTES) gather();
    },
    async close() {
      gather();
      const link = document.createElement('a');
      const url = URL.createObjectURL(new Blob(blobs, { type: 'application/octet-stream' }));
      link.href = url;
      link.download = name;
      link.click();
      return () => URL.revokeObjectURL(url);
    },
    abort: async () => void blobs.splice(0),
  };
}
