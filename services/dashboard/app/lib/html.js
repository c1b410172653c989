// The view library, bound to templates. Text is always text: there is no way to say "this is HTML",
// so what a visitor or an endpoint wrote can't become markup.
import {h} from "preact";
import htm from "htm";

export const html = htm.bind(h);
export {render, Fragment, createContext} from "preact";
export {useCallback, useContext, useEffect, useErrorBoundary, useId, useMemo, useRef, useState} from "preact/hooks";
