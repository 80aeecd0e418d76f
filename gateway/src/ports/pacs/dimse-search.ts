/**
 * Lists the instances of a study, by C-FIND in the Study Root model (PS3.4 Annex C), level by level. A query for
 * instances names its study and its series, so that any SCP can answer it.
 */
import { isUid } from '#shared/dicom/uid.ts';
import type { Association } from '../../dimse/association.ts';
import { textIn, type Elements, type ElementsToSend } from '../../dimse/elements.ts';
import { CLASS_NOT_SUPPORTED, SUCCESS } from '../../dimse/command-fields.ts';
import { find, STUDY_ROOT_FIND, type Wish } from '../../dimse/messages.ts';
import { PacsDoesNotSearch, type DescribedInstance } from './pacs.ts';

const SOP_CLASS_UID = 0x00080016;
const SOP_INSTANCE_UID = 0x00080018;
const QUERY_LEVEL = 0x00080052;
const MODALITY = 0x00080060;
const STUDY_INSTANCE_UID = 0x0020000d;
const SERIES_INSTANCE_UID = 0x0020000e;
const SERIES_NUMBER = 0x00200011;
const INSTANCE_NUMBER = 0x00200013;
const NUMBER_OF_FRAMES = 0x00280008;

/** The most series of a study; the largest studies have some hundred. */
const SERIES_LIMIT = 10_000;
/** Five times the largest study. A PACS may cut a list short, and so may the gateway. */
export const LISTED_LIMIT = 100_000;
/** PS3.5 Table 6.2-1, CS. */
const CODE_LIMIT = 16;
/** No study has this UID. */
const NOBODYS_UID = '2.25.1';

/** Throws PacsDoesNotSearch: the PACS does not search at all, or not for this. */
async function search<T>(
  association: Association,
  identifier: ElementsToSend,
  wish: Wish<T>,
): Promise<{ readonly rows: readonly T[]; readonly isCut: boolean }> {
  const context = association.contextOf(STUDY_ROOT_FIND);
  if (context?.result !== 0) throw new PacsDoesNotSearch(CLASS_NOT_SUPPORTED);
  const { status, rows, isCut } = await find(association, context, identifier, wish);
  if (status !== SUCCESS) throw new PacsDoesNotSearch(status);
  return { rows, isCut };
}

/** A small search without results, to see whether the PACS searches. */
export async function searchNothing(association: Association): Promise<void> {
  const identifier: ElementsToSend = [
    [QUERY_LEVEL, 'STUDY'],
    [STUDY_INSTANCE_UID, NOBODYS_UID],
  ];
  await search(association, identifier, { limit: SERIES_LIMIT, read: () => [] });
}

/** `isCut`: not all instances fit within the limit. */
export type Listing = { readonly instances: readonly DescribedInstance[]; readonly isCut: boolean };

/**
 * The instances of a study, at most `limit`. If the result `isCut`, the association can no longer be used. Rows that
 * belong to another study or series, or that are malformed, are left out.
 */
export async function listStudy(
  association: Association,
  studyInstanceUID: string,
  limit: number,
): Promise<Listing> {
  const instances: DescribedInstance[] = [];
  const series = await search(
    association,
    [
      [QUERY_LEVEL, 'SERIES'],
      [MODALITY, ''],
      [STUDY_INSTANCE_UID, studyInstanceUID],
      [SERIES_INSTANCE_UID, ''],
      [SERIES_NUMBER, ''],
    ],
    { limit: SERIES_LIMIT, read: (row) => toSeries(row, studyInstanceUID) },
  );
  if (series.isCut) return { instances, isCut: true };
  // A series that is named twice is searched once.
  for (const [seriesInstanceUID, said] of new Map(series.rows)) {
    const where = { studyInstanceUID, seriesInstanceUID };
    const { rows, isCut } = await search(
      association,
      [
        [SOP_CLASS_UID, ''],
        [SOP_INSTANCE_UID, ''],
        [QUERY_LEVEL, 'IMAGE'],
        [STUDY_INSTANCE_UID, studyInstanceUID],
        [SERIES_INSTANCE_UID, seriesInstanceUID],
        [INSTANCE_NUMBER, ''],
        [NUMBER_OF_FRAMES, ''],
      ],
      { limit: limit - instances.length, read: (row) => toDescribed(row, { ...where, ...said }) },
    );
    for (const row of rows) instances.push(row);
    if (isCut) return { instances, isCut };
  }
  return { instances, isCut: false };
}

type SaidOfSeries = Pick<DescribedInstance, 'modality' | 'seriesNumber'>;

/** Keyed by the Series Instance UID. */
function toSeries(row: Elements, studyInstanceUID: string): readonly (readonly [string, SaidOfSeries])[] {
  const uid = textIn(row, SERIES_INSTANCE_UID) ?? '';
  if (textIn(row, STUDY_INSTANCE_UID) !== studyInstanceUID || !isUid(uid)) return [];
  const text = textIn(row, MODALITY) ?? '';
  const modality = text === '' || text.length > CODE_LIMIT ? null : text;
  return [[uid, { modality, seriesNumber: integerIn(row, SERIES_NUMBER) }]];
}

function toDescribed(
  row: Elements,
  within: Pick<DescribedInstance, 'studyInstanceUID' | 'seriesInstanceUID'> & SaidOfSeries,
): readonly DescribedInstance[] {
  const sopInstanceUID = textIn(row, SOP_INSTANCE_UID) ?? '';
  const isOfSeries =
    textIn(row, STUDY_INSTANCE_UID) === within.studyInstanceUID &&
    textIn(row, SERIES_INSTANCE_UID) === within.seriesInstanceUID;
  if (!isOfSeries || !isUid(sopInstanceUID)) return [];
  const sopClassUID = textIn(row, SOP_CLASS_UID) ?? '';
  return [
    {
      ...within,
      sopInstanceUID,
      sopClassUID: isUid(sopClassUID) ? sopClassUID : null,
      frames: integerIn(row, NUMBER_OF_FRAMES),
      instanceNumber: integerIn(row, INSTANCE_NUMBER),
    },
  ];
}

function integerIn(row: Elements, tag: number): number | null {
  const value = Number.parseInt(textIn(row, tag) ?? '', 10);
  return Number.isInteger(value) ? value : null;
}

/** The identifier with which C-GET asks for one instance. */
export const identifierOf = (where: {
  readonly studyInstanceUID: string;
  readonly seriesInstanceUID: string;
  readonly sopInstanceUID: string;
}): ElementsToSend => [
  [SOP_INSTANCE_UID, where.sopInstanceUID],
  [QUERY_LEVEL, 'IMAGE'],
  [STUDY_INSTANCE_UID, where.studyInstanceUID],
  [SERIES_INSTANCE_UID, where.seriesInstanceUID],
];
