/**
 * Files picked on this page and examined by a model. The gateway keeps neither single files nor their names, which may
 * be a patient's. So while the page is open the image under the map is the file itself, and its result shows the file's
 * name. Nothing is stored.
 */
import { identitySaid } from '../../kit/identities.ts';

export interface PickedPictures {
  /** Keeps a file for its result. A DICOM file gives no picture, because a browser cannot draw it. */
  keep(resultId: string, file: File): void;
  /** The address for an image element; undefined if the file was not picked here. */
  of(resultId: string): string | undefined;
  /** The file's own name; undefined if it was not picked here, or names are hidden. */
  nameOf(resultId: string): string | undefined;
  close(): void;
}

const DRAWN_BY_BROWSERS = ['image/png', 'image/jpeg'];

export function createPickedPictures(): PickedPictures {
  const addresses = new Map<string, string>();
  const names = new Map<string, string>();
  return {
    keep(resultId, file) {
      names.set(resultId, file.name);
      if (DRAWN_BY_BROWSERS.includes(file.type) && !addresses.has(resultId))
        addresses.set(resultId, URL.createObjectURL(file));
    },
    of: (resultId) => addresses.get(resultId),
    nameOf: (resultId) => identitySaid(names.get(resultId)) || undefined,
    close() {
      for (const address of addresses.values()) URL.revokeObjectURL(address);
      addresses.clear();
      names.clear();
    },
  };
}
