/** A part of the machine that is absent: a person has to install it. Its message says what. */
export class NotInstalled extends Error {}
