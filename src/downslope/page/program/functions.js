// Written by scripts/page from the records in Python. Do not edit.
import { erf as f_erf, erfc as f_erfc, powi, rsqrt } from "./arithmetic.js";
function d0_exp(x) {
return Math.exp(x);
}
function f_expm1(x) {
return (1+Math.exp(x))*Math.tanh((0.5*x));
}
function d0_expm1(x) {
return Math.exp(x);
}
function d0_log(x) {
return 1/x;
}
function f_log1p(x) {
return (Math.abs(x)<0.5)?(2*Math.atanh((x*(1/(2+x))))):Math.log((1+x));
}
function d0_log1p(x) {
return 1/(1+x);
}
function f_log10(x) {
return 0.43429448190325176*Math.log(x);
}
function d0_log10(x) {
return 0.43429448190325176*(1/x);
}
function f_log2(x) {
return 1.4426950408889634*Math.log(x);
}
function d0_log2(x) {
return 1.4426950408889634*(1/x);
}
function d0_sqrt(x) {
return 0.5*rsqrt(x);
}
function f_cbrt(x) {
return (0<=x)?Math.pow(x,0.3333333333333333):((-1)*Math.pow(((-1)*x),0.3333333333333333));
}
function d0_cbrt(x) {
return 0.3333333333333333*powi(((0<=x)?Math.pow(x,0.3333333333333333):((-1)*Math.pow(((-1)*x),0.3333333333333333))),-2);
}
function f_hypot(x, y) {
const t0=Math.abs(x),
t1=x*x,
t2=y*y,
t3=Math.abs(y);
return (t3<t0)?(t0*Math.sqrt((1+(t2*(1/t1))))):((0===y)?t0:(t3*Math.sqrt((1+((1/t2)*t1)))));
}
function d0_hypot(x, y) {
return x*(1/f_hypot(x,y));
}
function d1_hypot(x, y) {
return y*(1/f_hypot(x,y));
}
function d0_sin(x) {
return Math.cos(x);
}
function d0_cos(x) {
return (-1)*Math.sin(x);
}
function d0_tan(x) {
return 1+powi(Math.tan(x),2);
}
function f_sec(x) {
return 1/Math.cos(x);
}
function d0_sec(x) {
return Math.sin(x)*powi(Math.cos(x),-2);
}
function f_csc(x) {
return 1/Math.sin(x);
}
function d0_csc(x) {
return (-1)*powi(Math.sin(x),-2)*Math.cos(x);
}
function f_cot(x) {
return (1/Math.sin(x))*Math.cos(x);
}
function d0_cot(x) {
return (-1)+(powi(Math.sin(x),-2)*powi(Math.cos(x),2))*(-1);
}
function d0_asin(x) {
return rsqrt((1+(x*x)*(-1)));
}
function d0_acos(x) {
return (-1)*rsqrt((1+(x*x)*(-1)));
}
function d0_atan(x) {
return 1/(1+(x*x));
}
function d0_atan2(y, x) {
return (1/((x*x)+(y*y)))*x;
}
function d1_atan2(y, x) {
return (-1)*(1/((x*x)+(y*y)))*y;
}
function d0_sinh(x) {
return Math.cosh(x);
}
function d0_cosh(x) {
return Math.sinh(x);
}
function d0_tanh(x) {
return 1+powi(Math.tanh(x),2)*(-1);
}
function d0_asinh(x) {
return rsqrt((1+(x*x)));
}
function d0_acosh(x) {
return rsqrt(((-1)+(x*x)));
}
function d0_atanh(x) {
return 1/(1+(x*x)*(-1));
}
function d0_abs(x) {
return (0<x)?1:((x<0)?(-1):((0===x)?0:x));
}
function f_sign(x) {
return (0<x)?1:((x<0)?(-1):((0===x)?0:x));
}
function d0_sign(x) {
return 0;
}
function f_heaviside(x, h) {
return (0<x)?1:((x<0)?0:((0===x)?h:x));
}
function d0_heaviside(x, h) {
return 0;
}
function d1_heaviside(x, h) {
return (0===x)?1:0;
}
function d0_floor(x) {
return 0;
}
function d0_ceil(x) {
return 0;
}
function f_mod(x, y) {
return x+(y*Math.floor((x*(1/y))))*(-1);
}
function d0_mod(x, y) {
return 1;
}
function d1_mod(x, y) {
return (-1)*Math.floor((x*(1/y)));
}
function f_min(a, b) {
return (a<b)?a:((b<a)?b:(0.5*(a+b)));
}
function d0_min(a, b) {
const t0=b+a*(-1);
return (0<t0)?1:((t0<0)?0:((0===t0)?0.5:t0));
}
function d1_min(a, b) {
const t0=a+b*(-1);
return (0<t0)?1:((t0<0)?0:((0===t0)?0.5:t0));
}
function f_max(a, b) {
return (b<a)?a:((a<b)?b:(0.5*(a+b)));
}
function d0_max(a, b) {
const t0=a+b*(-1);
return (0<t0)?1:((t0<0)?0:((0===t0)?0.5:t0));
}
function d1_max(a, b) {
const t0=b+a*(-1);
return (0<t0)?1:((t0<0)?0:((0===t0)?0.5:t0));
}
function f_relu(x) {
return (0<x)?x:((x<=0)?0:x);
}
function d0_relu(x) {
return (0<x)?1:((x<0)?0:((0===x)?0:x));
}
function f_sigmoid(x) {
const t0=Math.exp(x);
return (0<x)?(1/(1+(1/t0))):(t0*(1/(1+t0)));
}
function d0_sigmoid(x) {
return f_sigmoid(x)*f_sigmoid(((-1)*x));
}
function f_softplus(x) {
const t0=Math.exp(x);
return (0<x)?(x+f_log1p((1/t0))):f_log1p(t0);
}
function d0_softplus(x) {
return f_sigmoid(x);
}
function f_logcosh(x) {
const t0=Math.abs(x);
return (t0<1)?f_log1p((2*powi(Math.sinh((0.5*x)),2))):((-0.6931471805599453)+t0+f_log1p(Math.exp(((-2)*t0))));
}
function d0_logcosh(x) {
return Math.tanh(x);
}
function f_sinc(x) {
return (0===x)?1:((1/x)*Math.sin(x));
}
function d0_sinc(x) {
const t0=x*x;
return (Math.abs(x)<0.5)?(x*((-0.3333333333333333)+(t0*(0.03333333333333333+(t0*((-0.0011904761904761906)+(t0*(2.2045855379188714e-05+(t0*((-2.505210838544172e-07)+(t0*(1.9270852604185937e-09+t0*(-1.0706029224547743e-11))))))))))))):((1/x)*(Math.cos(x)+f_sinc(x)*(-1)));
}
function d0_erf(x) {
return 2*Math.exp(((-1)*(x*x)))*0.5641895835477563;
}
function d0_erfc(x) {
return (-2)*Math.exp(((-1)*(x*x)))*0.5641895835477563;
}
function f_gamma(x) {
const t0=0<x,
t1=1+x*(-1),
t2=t0?x:t1,
t3=t2<10,
t4=t3?(10+t2):(t0?x:t1),
t5=1/(t4*t4),
t6=Math.exp((((1/t4)*(0.08333333333333333+(t5*((-0.002777777777777778)+(t5*(0.0007936507936507937+(t5*((-0.0005952380952380953)+(t5*(0.0008417508417508417+(t5*((-0.0019175269175269176)+(t5*(0.00641025641025641+t5*(-0.029550653594771242)))))))))))))))+t4*(-1))),
t7=t3?(t2*(8+t2)*(7+t2)*(9+t2)*(4+t2)*(3+t2)*(6+t2)*(5+t2)*(2+t2)*(1+t2)):1,
t8=Math.pow(t4,((-0.5)+t4)),
t9=Math.floor((0.5+x));
return t0?(2.5066282746310002*t6*t8*(1/t7)):(0.3989422804014327*3.141592653589793*(1/t6)*(1/t8)*t7*(1/Math.sin(((x+t9*(-1))*3.141592653589793)))*(1/(1+(t9+Math.floor((0.5*t9))*(-2))*(-2))));
}
function d0_gamma(x) {
return f_digamma(x)*f_gamma(x);
}
function f_lgamma(x) {
const t0=0<x,
t1=1+x*(-1),
t2=t0?x:t1,
t3=t2<10,
t4=t3?(10+t2):(t0?x:t1),
t5=1/(t4*t4),
t6=0.9189385332046727+(Math.log(t4)*((-0.5)+t4))+t4*(-1)+((1/t4)*(0.08333333333333333+(t5*((-0.002777777777777778)+(t5*(0.0007936507936507937+(t5*((-0.0005952380952380953)+(t5*(0.0008417508417508417+(t5*((-0.0019175269175269176)+(t5*(0.00641025641025641+t5*(-0.029550653594771242)))))))))))))))+(t3?Math.log((t2*(8+t2)*(7+t2)*(9+t2)*(4+t2)*(3+t2)*(6+t2)*(5+t2)*(2+t2)*(1+t2))):0)*(-1),
t7=Math.floor((0.5+x));
return t0?t6:(Math.log((3.141592653589793*(1/Math.abs((Math.sin(((x+t7*(-1))*3.141592653589793))*(1+(t7+Math.floor((0.5*t7))*(-2))*(-2)))))))+t6*(-1));
}
function d0_lgamma(x) {
return f_digamma(x);
}
function f_digamma(x) {
const t0=0<x,
t1=1+x*(-1),
t2=t0?x:t1,
t3=t2<10,
t4=t3?(10+t2):(t0?x:t1),
t5=1/(t4*t4);
return Math.log(t4)+(1/t4)*(-0.5)+(t5*(0.08333333333333333+(t5*((-0.008333333333333333)+(t5*(0.003968253968253968+(t5*((-0.004166666666666667)+(t5*(0.007575757575757576+(t5*((-0.021092796092796094)+(t5*(0.08333333333333333+t5*(-0.4432598039215686)))))))))))))))*(-1)+(t3?((1/t2)+(1/(1+t2))+(1/(2+t2))+(1/(6+t2))+(1/(9+t2))+(1/(3+t2))+(1/(4+t2))+(1/(7+t2))+(1/(5+t2))+(1/(8+t2))):0)*(-1)+(t0?0:(3.141592653589793*(1/Math.tan((3.141592653589793*((-1)*Math.floor((0.5+x))+x))))))*(-1);
}
function d0_digamma(x) {
const t0=0<x,
t1=powi(Math.tan((3.141592653589793*(x+Math.floor((0.5+x))*(-1)))),2),
t2=t0?1:(-1),
t3=1+x*(-1),
t4=t0?x:t3,
t5=t4<10,
t6=t5?(10+t4):(t0?x:t3),
t7=1/(t6*t6),
t8=0.08333333333333333+t7*(-0.4432598039215686),
t9=(-0.021092796092796094)+(t8*t7),
t10=0.007575757575757576+(t7*t9),
t11=(-0.004166666666666667)+(t7*t10),
t12=0.003968253968253968+(t7*t11),
t13=t7*((-0.008333333333333333)+(t7*t12));
return ((t5?t2:(t0?1:(-1)))*((1/t6)+t7*0.5+((1/(t6*(t6*t6)))*(0.4432598039215686*powi(t6,-14)+(powi(t6,-12)*t8)*(-1)+(powi(t6,-8)*t10)*(-1)+(powi(t6,-6)*t11)*(-1)+(powi(t6,-10)*t9)*(-1)+(powi(t6,-4)*t12)*(-1)+t13*(-1)+(0.08333333333333333+t13)*(-1)))*(-2)))+(t5?(t2*((-1)*powi((3+t4),-2)+powi((2+t4),-2)*(-1)+powi((4+t4),-2)*(-1)+powi((9+t4),-2)*(-1)+(1/(t4*t4))*(-1)+powi((7+t4),-2)*(-1)+powi((6+t4),-2)*(-1)+powi((5+t4),-2)*(-1)+powi((1+t4),-2)*(-1)+powi((8+t4),-2)*(-1))):0)*(-1)+(t0?0:((-1)*9.869604401089358*(1/t1)*(1+t1)))*(-1);
}
export const CODE = new Map([
  ["exp", { value: Math.exp, partials: [d0_exp] }],
  ["expm1", { value: f_expm1, partials: [d0_expm1] }],
  ["log", { value: Math.log, partials: [d0_log] }],
  ["log1p", { value: f_log1p, partials: [d0_log1p] }],
  ["log10", { value: f_log10, partials: [d0_log10] }],
  ["log2", { value: f_log2, partials: [d0_log2] }],
  ["sqrt", { value: Math.sqrt, partials: [d0_sqrt] }],
  ["cbrt", { value: f_cbrt, partials: [d0_cbrt] }],
  ["hypot", { value: f_hypot, partials: [d0_hypot, d1_hypot] }],
  ["sin", { value: Math.sin, partials: [d0_sin] }],
  ["cos", { value: Math.cos, partials: [d0_cos] }],
  ["tan", { value: Math.tan, partials: [d0_tan] }],
  ["sec", { value: f_sec, partials: [d0_sec] }],
  ["csc", { value: f_csc, partials: [d0_csc] }],
  ["cot", { value: f_cot, partials: [d0_cot] }],
  ["asin", { value: Math.asin, partials: [d0_asin] }],
  ["acos", { value: Math.acos, partials: [d0_acos] }],
  ["atan", { value: Math.atan, partials: [d0_atan] }],
  ["atan2", { value: Math.atan2, partials: [d0_atan2, d1_atan2] }],
  ["sinh", { value: Math.sinh, partials: [d0_sinh] }],
  ["cosh", { value: Math.cosh, partials: [d0_cosh] }],
  ["tanh", { value: Math.tanh, partials: [d0_tanh] }],
  ["asinh", { value: Math.asinh, partials: [d0_asinh] }],
  ["acosh", { value: Math.acosh, partials: [d0_acosh] }],
  ["atanh", { value: Math.atanh, partials: [d0_atanh] }],
  ["abs", { value: Math.abs, partials: [d0_abs] }],
  ["sign", { value: f_sign, partials: [d0_sign] }],
  ["heaviside", { value: f_heaviside, partials: [d0_heaviside, d1_heaviside] }],
  ["floor", { value: Math.floor, partials: [d0_floor] }],
  ["ceil", { value: Math.ceil, partials: [d0_ceil] }],
  ["mod", { value: f_mod, partials: [d0_mod, d1_mod] }],
  ["min", { value: f_min, partials: [d0_min, d1_min] }],
  ["max", { value: f_max, partials: [d0_max, d1_max] }],
  ["relu", { value: f_relu, partials: [d0_relu] }],
  ["sigmoid", { value: f_sigmoid, partials: [d0_sigmoid] }],
  ["softplus", { value: f_softplus, partials: [d0_softplus] }],
  ["logcosh", { value: f_logcosh, partials: [d0_logcosh] }],
  ["sinc", { value: f_sinc, partials: [d0_sinc] }],
  ["erf", { value: f_erf, partials: [d0_erf] }],
  ["erfc", { value: f_erfc, partials: [d0_erfc] }],
  ["gamma", { value: f_gamma, partials: [d0_gamma] }],
  ["lgamma", { value: f_lgamma, partials: [d0_lgamma] }],
  ["digamma", { value: f_digamma, partials: [d0_digamma] }],
]);
