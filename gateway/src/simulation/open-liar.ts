/** The PACS that lies of each kind, and the cells that it has. */
import { dimseCells } from './dimse-conduct.ts';
import { openDimseLiar } from './dimse-liar.ts';
import { folderCells, openFolderLiar } from './folder-liar.ts';
import type { Kind, Liar, LiarOptions } from './liar.ts';
import { openWebLiar, webCells } from './web-liar.ts';

export function openLiar(kind: Kind, options: LiarOptions): Promise<Liar> {
  switch (kind) {
    case 'orthanc':
    case 'dicomweb':
      return openWebLiar(kind === 'orthanc', options);
    case 'dimse':
      return openDimseLiar(options);
    case 'folder':
      return openFolderLiar(options);
    default:
      return kind satisfies never;
  }
}

export function countCells(kind: Kind): number {
  switch (kind) {
    case 'orthanc':
    case 'dicomweb':
      return webCells(kind === 'orthanc').length;
    case 'dimse':
      return dimseCells.length;
    case 'folder':
      return folderCells.length;
    default:
      return kind satisfies never;
  }
}
