// Written by scripts/page from the records in Python. Do not edit.
import { powi, rsqrt } from "./arithmetic.js";
export const SCHEDULES = new Map([
["cosine", { hyperparameters: [{"name":"steps","default":null,"whole":true},{"name":"final","default":0.0,"at_least":0}], state: [], factor(p, count, value, s, o) {return p[1]+((1+Math.cos((3.141592653589793*(1/p[0])*((count<p[0])?count:((p[0]<count)?p[0]:(0.5*(p[0]+count)))))))*(1+p[1]*(-1)))*0.5;} }],
["cosine_restarts", { hyperparameters: [{"name":"steps","default":null,"whole":true},{"name":"final","default":0.0,"at_least":0}], state: [], factor(p, count, value, s, o) {const t0=1/p[0];
return p[1]+((1+Math.cos((3.141592653589793*t0*(count+(p[0]*Math.floor((t0*(0.5+count))))*(-1)))))*(1+p[1]*(-1)))*0.5;} }],
["exponential", { hyperparameters: [{"name":"rate","default":0.99,"above":0,"below":1}], state: [], factor(p, count, value, s, o) {return Math.pow(p[0],count);} }],
["inverse_square_root", { hyperparameters: [{"name":"rate","default":1.0,"above":0}], state: [], factor(p, count, value, s, o) {return rsqrt((1+(p[0]*count)));} }],
["inverse_time", { hyperparameters: [{"name":"rate","default":0.01,"above":0}], state: [], factor(p, count, value, s, o) {return 1/(1+(p[0]*count));} }],
["one_cycle", { hyperparameters: [{"name":"steps","default":null,"whole":true},{"name":"rise","default":0.3,"above":0,"below":1},{"name":"initial","default":0.04,"above":0},{"name":"final","default":4e-06,"at_least":0}], state: [], factor(p, count, value, s, o) {const t0=(-1)+(p[1]*p[0]),
t1=(0<t0)?t0:((t0<0)?0:(0.5*t0)),
t2=(-1)*t1,
t3=(1/((-1)+p[0]+t2))*(count+t2);
return (count<t1)?(1+(((-1)+p[2])*(1+Math.cos((3.141592653589793*(1/((0<t1)?t1:(1+t1)))*count))))*0.5):(p[3]+((1+p[3]*(-1))*(1+Math.cos((3.141592653589793*((t3<1)?t3:((1<t3)?1:(0.5*(1+t3))))))))*0.5);} }],
["polynomial", { hyperparameters: [{"name":"steps","default":null,"whole":true},{"name":"power","default":1.0,"above":0},{"name":"final","default":0.0,"at_least":0}], state: [], factor(p, count, value, s, o) {return p[2]+((1+p[2]*(-1))*Math.pow(((count<p[0])?((p[0]+count*(-1))*(1/p[0])):0),p[1]));} }],
["reduce_on_plateau", { hyperparameters: [{"name":"rate","default":0.1,"above":0,"below":1},{"name":"patience","default":10,"whole":true},{"name":"threshold","default":0.0001,"at_least":0},{"name":"cooldown","default":0,"whole":true},{"name":"least","default":0.0,"at_least":0,"below":1}], state: [1.0,0.0,0.0,0.0], factor(p, count, value, s, o) {const t0=p[0]*s[0],
t1=0<s[3],
t2=0.5<((count<0.5)?1:((value<(s[1]+(p[2]*Math.abs(s[1]))*(-1)))?1:0)),
t3=1+s[2],
t4=p[1]<(t1?0:(t2?0:t3)),
t5=t4?((p[4]<t0)?t0:((t0<p[4])?p[4]:(0.5*(t0+p[4])))):s[0];
o[0]=t5;
o[1]=t2?value:s[1];
o[2]=t4?0:(t1?0:(t2?0:t3));
o[3]=t4?p[3]:(t1?((-1)+s[3]):0);
return t5;} }],
["square_root_cooldown", { hyperparameters: [{"name":"steps","default":null,"whole":true},{"name":"decay","default":0.2,"above":0,"below":1},{"name":"final","default":0.0,"at_least":0}], state: [], factor(p, count, value, s, o) {const t0=1+((p[0]+count*(-1))*(1/p[1])*(1/p[0]))*(-1),
t1=(0<t0)?t0:((t0<0)?0:(0.5*t0));
return 1+(Math.sqrt(((t1<1)?t1:((1<t1)?1:(0.5*(1+t1)))))*(1+p[2]*(-1)))*(-1);} }],
["step_decay", { hyperparameters: [{"name":"every","default":null,"whole":true},{"name":"rate","default":0.1,"above":0}], state: [], factor(p, count, value, s, o) {return Math.pow(p[1],Math.floor(((1/p[0])*(0.5+count))));} }],
["triangular", { hyperparameters: [{"name":"steps","default":null,"whole":true},{"name":"low","default":0.1,"above":0}], state: [], factor(p, count, value, s, o) {const t0=1/p[0];
return p[1]+((1+p[1]*(-1))*(1+Math.abs((1+(t0*(count+(p[0]*Math.floor((0.5*t0*(0.5+count))))*(-2)))*(-1)))*(-1)));} }],
["triangular_exponential", { hyperparameters: [{"name":"steps","default":null,"whole":true},{"name":"rate","default":0.999,"above":0},{"name":"low","default":0.1,"above":0}], state: [], factor(p, count, value, s, o) {const t0=1/p[0];
return p[2]+(Math.pow(p[1],count)*(1+p[2]*(-1))*(1+Math.abs((1+(t0*(count+(p[0]*Math.floor((0.5*t0*(0.5+count))))*(-2)))*(-1)))*(-1)));} }],
["triangular_halving", { hyperparameters: [{"name":"steps","default":null,"whole":true},{"name":"low","default":0.1,"above":0}], state: [], factor(p, count, value, s, o) {const t0=1/p[0],
t1=Math.floor((0.5*t0*(0.5+count)));
return p[1]+(Math.pow(0.5,t1)*(1+p[1]*(-1))*(1+Math.abs((1+(t0*(count+(t1*p[0])*(-2)))*(-1)))*(-1)));} }],
["warmup", { hyperparameters: [{"name":"steps","default":null,"whole":true},{"name":"initial","default":0.1,"above":0}], state: [], factor(p, count, value, s, o) {return p[1]+((1+p[1]*(-1))*(1/p[0])*((count<p[0])?count:((p[0]<count)?p[0]:(0.5*(count+p[0])))));} }],
["warmup_stable_decay", { hyperparameters: [{"name":"steps","default":null,"whole":true},{"name":"warmup","default":0.1,"above":0,"below":1},{"name":"decay","default":0.2,"above":0,"below":1},{"name":"initial","default":0.01,"above":0},{"name":"final","default":0.0,"at_least":0}], state: [], factor(p, count, value, s, o) {const t0=1/p[0],
t1=t0*count*(1/p[1]),
t2=p[3]+((1+p[3]*(-1))*((t1<1)?t1:((1<t1)?1:(0.5*(1+t1))))),
t3=1+(t0*(p[0]+count*(-1))*(1/p[2]))*(-1),
t4=(0<t3)?t3:((t3<0)?0:(0.5*t3)),
t5=1+(((t4<1)?t4:((1<t4)?1:(0.5*(1+t4))))*(1+p[4]*(-1)))*(-1);
return (t2<t5)?t2:((t5<t2)?t5:(0.5*(t5+t2)));} }],
]);
