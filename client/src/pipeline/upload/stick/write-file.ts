/**
 * Writes a file of any size where the person wants it. Browsers that can write to a chosen place get it piece by
 * piece; in others it becomes a download, gathered in the browser's own store of blobs and not in the page's memory.
 */

/** File System Access (WICG), not in TypeScript's library. */
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
  /** The file is whole. Call the result once the browser has read a download: its bytes are kept until then. */
  close(): Promise<() => void>;
  /** Leaves no half file. */
  abort(): Promise<void>;
}

/** Gathered before they become a blob: small pieces would cost more than they hold. */
const GATHERED_BYTES = 8 * 1024 * 1024;

/** Call it in the click: browsers ask for a place only then. Null: the person has called it off. */
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
