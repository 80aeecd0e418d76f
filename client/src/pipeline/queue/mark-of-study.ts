/** 16 bits of FNV-1a of a Study Instance UID: they tell that a study is the same, and lead to none. */
export function markOfStudy(studyInstanceUID: string): number {
  let hash = 0x811c9dc5;
  for (const letter of studyInstanceUID) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
  return hash & 0xffff;
}
