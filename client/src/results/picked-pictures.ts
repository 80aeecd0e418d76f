/**
 * Pictures that were picked on this page and looked at by a model: the gateway keeps none of a lone file, so
 * what stands under the map is the file itself, as long as the page is open. Nothing of it is kept.
 */
export interface PickedPictures {
  /** A DICOM file is none that a browser can draw. */
  keep(resultId: string, file: File): void;
  /** An address for an image element; undefined where it was not picked here. */
  of(resultId: string): string | undefined;
  close(): void;
}

const DRAWN_BY_BROWSERS = ['image/png', 'image/jpeg'];

export function createPickedPictures(): PickedPictures {
  const addresses = new Map<string, string>();
  return {
    keep(resultId, file) {
      if (DRAWN_BY_BROWSERS.includes(file.type) && !addresses.has(resultId))
        addresses.set(resultId, URL.createObjectURL(file));
    },
    of: (resultId) => addresses.get(resultId),
    close() {
      for (const address of addresses.values()) URL.revokeObjectURL(address);
      addresses.clear();
    },
  };
}
