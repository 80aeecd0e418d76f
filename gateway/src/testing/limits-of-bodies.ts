/** The bounds of what is read of a body, in one place: the lab aims just below each (scripts/lab/bodies). */
import { TAGS_CHARACTERS } from '../cases/case-csv.ts';
import { PARTS_LIMIT } from '../foreign/stow/read-parts.ts';
import { VALUES_LIMIT } from '../http/json-body.ts';
import { CELL_CHARACTERS_LIMIT, CELLS_LIMIT, ROW_CHARACTERS_LIMIT } from '../http/parse-csv.ts';
import { PICTURE_BYTES_LIMIT } from '../images/examination.ts';
import { BATCH, FIELDS_BYTES, FIELDS_LIMIT, FILE_BYTES_LIMIT } from '../inference/read-form.ts';
import { REFERENCES_LIMIT, ROWS_LIMIT, SHAPE } from '../ports/pacs/dicom-json.ts';
import { ATTRIBUTES_LIMIT, DEPTH_LIMIT, ELEMENTS_LIMIT } from '../ports/pacs/dicom-xml.ts';
import { LIMITS, NAMES_LIMIT } from '../threads/parse-json.ts';

/** `judged`: values that a schema judges while the event loop waits. */
export const JSON_LIMITS = { ...LIMITS, judged: VALUES_LIMIT, names: NAMES_LIMIT } as const;
export const DICOM_LIMITS = { values: SHAPE.values, references: REFERENCES_LIMIT, rows: ROWS_LIMIT } as const;
export const XML_LIMITS = {
  elements: ELEMENTS_LIMIT,
  depth: DEPTH_LIMIT,
  attributes: ATTRIBUTES_LIMIT,
} as const;
export const CSV_LIMITS = {
  rowCharacters: ROW_CHARACTERS_LIMIT,
  cells: CELLS_LIMIT,
  cellCharacters: CELL_CHARACTERS_LIMIT,
  listCharacters: TAGS_CHARACTERS,
} as const;
export const FORM_LIMITS = {
  ...{ fields: FIELDS_LIMIT, fieldBytes: FIELDS_BYTES },
  ...{ files: BATCH.files, fileBytes: FILE_BYTES_LIMIT, filesBytes: BATCH.bytes },
  pictureBytes: PICTURE_BYTES_LIMIT,
} as const;
export const PARTS_AND_ENTRIES_LIMIT = PARTS_LIMIT;
