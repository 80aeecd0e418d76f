/** The words that name a study: whose it is, and how to distinguish it once its title is erased. */

export const titleWords = {
  noPatient: 'No patient name',
  patientId: (id: string) => `ID ${id}`,
  born: (date: string) => `born ${date}`,
  erasedName: (modalities: readonly string[]) =>
    modalities.length === 0 ? 'Study' : `${modalities.join('/')} study`,
  nameByTime: (name: string, when: string) => `${name}, ${when}`,
  sentWhen: (when: string) => `sending began ${when}`,
  queuedWhen: (when: string) => `queued ${when}`,
  arrivedWhen: (when: string) => `in the PACS ${when}`,
  leftOutWhen: (when: string) => `left out ${when}`,
};
