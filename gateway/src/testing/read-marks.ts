/** The marks of a structured report as pydicom reads them; dciodvfy's faults of it. */
import { askProgram } from './open-subject.ts';

const PYTHON = '/usr/bin/python3';
const SCRIPT = `
import sys, json, pydicom
found = []
def walk(item, group):
    name = item.ConceptNameCodeSequence[0].CodeMeaning if "ConceptNameCodeSequence" in item else None
    if name == "Measurement Group":
        tracking = [i.TextValue for i in item.ContentSequence if i.ConceptNameCodeSequence[0].CodeValue == "112039"]
        comment = [i.TextValue for i in item.ContentSequence if i.ConceptNameCodeSequence[0].CodeValue == "121106"]
        group = {"tracking": tracking[0], "comment": comment[0] if comment else None, "length": None, "unit": None}
    if item.get("ValueType") == "NUM":
        measured = item.MeasuredValueSequence[0]
        group = {**group, "length": float(measured.NumericValue), "unit": measured.MeasurementUnitsCodeSequence[0].CodeValue}
        group["method"] = [i.ConceptCodeSequence[0].CodeValue for i in item.ContentSequence if i.ValueType == "CODE"]
    if item.get("ValueType") == "SCOORD":
        data = [float(v) for v in item.GraphicData]
        image = item.ContentSequence[0].ReferencedSOPSequence[0]
        found.append({**group, "type": item.GraphicType, "points": [data[i:i + 2] for i in range(0, len(data), 2)],
            "image": image.ReferencedSOPInstanceUID, "frame": int(image.get("ReferencedFrameNumber", 0))})
    for child in item.get("ContentSequence", []):
        walk(child, group)
walk(pydicom.dcmread(sys.argv[1]), {})
print(json.dumps(found))
`;

export type Mark = {
  readonly tracking: string;
  readonly comment: string | null;
  readonly length: number | null;
  readonly unit: string | null;
  readonly method?: readonly string[];
  readonly type: string;
  readonly points: readonly (readonly [number, number])[];
  readonly image: string;
  /** 0: it names none. */
  readonly frame: number;
};

/** In the order of the report; null where pydicom is not installed. */
export function readMarks(bytes: Uint8Array): readonly Mark[] | null {
  const printed = askProgram(PYTHON, ['-c', SCRIPT], bytes);
  if (printed === null || /No module named/.test(printed.text)) return null;
  return JSON.parse(printed.text) as Mark[];
}

/** Lines of dciodvfy that say "Error"; null where it is not installed. */
export function faultsOf(bytes: Uint8Array): readonly string[] | null {
  const said = askProgram('dciodvfy', [], bytes)?.text.split('\n');
  return said?.filter((line) => /\bError\b/.test(line)) ?? null;
}

/** The points of a mark, from columns and rows in turn. */
export const pointsAt = (...numbers: readonly number[]): [number, number][] =>
  Array.from({ length: numbers.length / 2 }, (_, at) => [numbers[2 * at]!, numbers[2 * at + 1]!]);
