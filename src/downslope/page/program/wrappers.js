// Written by scripts/page from the records in Python. Do not edit.
import { powi, rsqrt } from "./arithmetic.js";
export const WRAPPERS = new Map([
["clip_by_norm", { hyperparameters: [{"name":"limit","default":1.0,"above":0}],
1: { change(p, x, f, g, o) {const t0=Math.sqrt((g[0]*g[0]));
o[0]=g[0]*((p[0]<t0)?((1/((0<t0)?t0:1))*p[0]):1);
return f;}, residual: null },
2: { change(p, x, f, g, o) {const t0=Math.sqrt(((g[0]*g[0])+(g[1]*g[1]))),
t1=(p[0]<t0)?((1/((0<t0)?t0:1))*p[0]):1;
o[0]=t1*g[0];
o[1]=t1*g[1];
return f;}, residual: null },
}],
["clip_by_value", { hyperparameters: [{"name":"limit","default":1.0,"above":0}],
1: { change(p, x, f, g, o) {const t0=(-1)*p[0],
t1=(p[0]<g[0])?p[0]:((g[0]<p[0])?g[0]:(0.5*(p[0]+g[0])));
o[0]=(t1<t0)?t0:((t0<t1)?t1:(0.5*(t0+t1)));
return f;}, residual: null },
2: { change(p, x, f, g, o) {const t0=(-1)*p[0],
t1=(p[0]<g[0])?p[0]:((g[0]<p[0])?g[0]:(0.5*(p[0]+g[0]))),
t2=(p[0]<g[1])?p[0]:((g[1]<p[0])?g[1]:(0.5*(p[0]+g[1])));
o[0]=(t1<t0)?t0:((t0<t1)?t1:(0.5*(t0+t1)));
o[1]=(t2<t0)?t0:((t0<t2)?t2:(0.5*(t0+t2)));
return f;}, residual: null },
}],
["weight_decay", { hyperparameters: [{"name":"rate","default":0.01,"at_least":0}],
1: { change(p, x, f, g, o) {o[0]=g[0]+(p[0]*x[0]);
return f+(p[0]*(x[0]*x[0]))*0.5;}, residual: (p, x, g, o) => {o[0]=g[0]+(p[0]*x[0]);} },
2: { change(p, x, f, g, o) {o[0]=g[0]+(p[0]*x[0]);
o[1]=g[1]+(p[0]*x[1]);
return f+(((x[0]*x[0])+(x[1]*x[1]))*p[0])*0.5;}, residual: (p, x, g, o) => {o[0]=g[0]+(p[0]*x[0]);
o[1]=g[1]+(p[0]*x[1]);} },
}],
]);
