/** The adapter for each kind of destination. Nothing is asked here. */
import { connectionSettings, type PacsConnection } from './connection.ts';
import { parseDimseAddress } from '#shared/protocol/dimse-address.ts';
import { createDimsePacs } from './dimse-pacs.ts';
import { createFolderPacs } from './folder-pacs.ts';
import { createLatePacs } from './late-pacs.ts';
import { createToldOrthanc } from './orthanc-pacs.ts';
import type { PacsProxy } from './pacs-agent.ts';
import { PacsUnreachable, type Pacs } from './pacs.ts';

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
    case 'dimse': {
      const address = parseDimseAddress(connection.url);
      if (address === null) throw new PacsUnreachable('the address is not one of DIMSE', null);
      return createDimsePacs({ address, tls: connection.tls, commitment: connection.commitment });
    }
    case 'folder':
      return createFolderPacs({ root: around.folderRoot, folder: connection.folder });
    default:
      return connection satisfies never;
  }
}
