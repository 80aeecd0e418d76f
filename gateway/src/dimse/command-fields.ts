/** The elements and codes of commands (PS3.7 Annex E.1) that both requests and responses use. */

export const SOP_CLASS = 0x00000002;
export const COMMAND = 0x00000100;
export const MESSAGE_ID = 0x00000110;
export const RESPONDED_TO = 0x00000120;
export const DATA_SET_TYPE = 0x00000800;
export const STATUS = 0x00000900;
export const COMMENT = 0x00000902;
export const SOP_INSTANCE = 0x00001000;

export const STORE_RQ = 0x0001;
export const ECHO_RQ = 0x0030;
/** In a response, (0000,0100) is that of its request with this bit set. */
export const RESPONSE = 0x8000;

export const SUCCESS = 0x0000;
/** PS3.7 Annex C: Refused: SOP Class not supported. */
export const CLASS_NOT_SUPPORTED = 0x0122;
