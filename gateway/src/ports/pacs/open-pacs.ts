/** The adapter for each kind of destination. Nothing is asked here. */
import { connectionSettings, type PacsConnection } from './connection.ts';
import { createFolderPacs } from './folder-pacs.ts';
import { createLatePacs } from './late-pacs.ts';
import { createToldOrthanc } from './orthanc-pacs.ts';
import type { PacsProxy } from './pacs-fetch.ts';
import type { Pacs } from './pacs.ts';

export type Around = {
  readonly proxy: PacsProxy | null;
  readonly clock: () => number;
  /** The only place where folders may lie; null: nowhere. */
  readonly folderRoot: string | null;
};

export function openPacsAt(connection: PacsConnection, around: Around): Pacs {
  switch (connection.kind) {
    case 'dicomweb':
      return createLatePacs(connectionSettings(connection, around));
    case 'orthanc':
      return createToldOrthanc(connectionSettings(connection, around));
    case 'folder':
      return createFolderPacs({ root: around.folderRoot, folder: connection.folder });
    default:
      return connection satisfies never;
  }
}
