/** Chooses the adapter for each kind of destination. Nothing is requested here. */
import type { BlockList } from 'node:net';
import { connectionSettings, type PacsConnection, type WebAround } from './connection.ts';
import { parseDimseAddress } from '#shared/protocol/dimse-address.ts';
import { createDimsePacs } from './dimse-pacs.ts';
import { createFolderPacs } from './folder-pacs.ts';
import { createLatePacs } from './late-pacs.ts';
import { createToldOrthanc } from './orthanc-pacs.ts';
import { PacsUnreachable, type Pacs } from './pacs.ts';

type Around = WebAround & {
  readonly blocked: BlockList;
  /** The only place where folders may lie; null: no folder is allowed. */
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
      const { tls, commitment } = connection;
      return createDimsePacs({ address, tls, commitment, blocked: around.blocked });
    }
    case 'folder':
      return createFolderPacs({ root: around.folderRoot, folder: connection.folder });
    default:
      return connection satisfies never;
  }
}
