//! The list of numbers with a shape: one file each, and two lines each here. What finds them is [`crate::shapes`].
//!
//! Where two kinds of one shape both pass with equal belief, the one that passes more seldom gives the finding its name.

use crate::shapes::IdNumber;

mod ae_emirates_id;
mod ar_cuit;
mod at_svnr;
mod au_abn;
mod au_medicare;
mod au_tfn;
mod be_national;
mod bg_egn;
mod bic;
mod bitcoin;
mod br_cnpj;
mod br_cpf;
mod ca_sin;
mod ch_ahv;
mod cl_rut;
mod cn_resident_id;
mod co_nit;
mod cz_rodne_cislo;
mod de_rentenversicherung;
mod de_steuer_id;
mod dk_cpr;
mod do_cedula;
mod ec_cedula;
mod ee_isikukood;
mod es_dni;
mod es_nie;
mod ethereum;
mod fi_hetu;
mod fr_nir;
mod gb_driving_licence;
mod gb_nhs;
mod gb_nino;
mod gr_afm;
mod gr_amka;
mod hk_hkid;
mod hr_oib;
mod hu_tax_id;
mod iccid;
mod id_nik;
mod ie_pps;
mod il_id;
mod imei;
mod in_aadhaar;
mod in_pan;
mod is_kennitala;
mod it_codice_fiscale;
mod jp_my_number;
mod kr_rrn;
mod lv_personas_kods;
mod mx_curp;
mod mx_rfc;
mod my_nric;
mod nl_bsn;
mod no_fodselsnummer;
mod nz_ird;
mod pk_cnic;
mod pl_nip;
mod pl_pesel;
mod pt_nif;
mod ro_cnp;
mod ru_inn;
mod ru_snils;
mod se_personnummer;
mod sg_nric;
mod sums;
mod th_national_id;
mod tr_tckn;
mod tw_national_id;
mod ua_rnokpp;
mod us_aba;
mod us_itin;
mod us_mbi;
mod uy_ci;
mod vin;
mod yu_jmbg;
mod za_id;

/// Every kind of number with a shape.
pub(crate) const IDS: &[IdNumber] = &[
    ae_emirates_id::ID,
    ar_cuit::ID,
    at_svnr::ID,
    au_abn::ID,
    au_medicare::ID,
    au_tfn::ID,
    be_national::ID,
    bg_egn::ID,
    bic::ID,
    bitcoin::ID,
    br_cnpj::ID,
    br_cpf::ID,
    ca_sin::ID,
    ch_ahv::ID,
    cl_rut::ID,
    cn_resident_id::ID,
    co_nit::ID,
    cz_rodne_cislo::ID,
    de_rentenversicherung::ID,
    de_steuer_id::ID,
    dk_cpr::ID,
    do_cedula::ID,
    ec_cedula::ID,
    ee_isikukood::ID,
    es_dni::ID,
    es_nie::ID,
    ethereum::ID,
    fi_hetu::ID,
    fr_nir::ID,
    gb_driving_licence::ID,
    gb_nhs::ID,
    gb_nino::ID,
    gr_afm::ID,
    gr_amka::ID,
    hk_hkid::ID,
    hr_oib::ID,
    hu_tax_id::ID,
    iccid::ID,
    id_nik::ID,
    ie_pps::ID,
    il_id::ID,
    imei::ID,
    in_aadhaar::ID,
    in_pan::ID,
    is_kennitala::ID,
    it_codice_fiscale::ID,
    jp_my_number::ID,
    kr_rrn::ID,
    lv_personas_kods::ID,
    mx_curp::ID,
    mx_rfc::ID,
    my_nric::ID,
    nl_bsn::ID,
    no_fodselsnummer::ID,
    nz_ird::ID,
    pk_cnic::ID,
    pl_nip::ID,
    pl_pesel::ID,
    pt_nif::ID,
    ro_cnp::ID,
    ru_inn::ID,
    ru_snils::ID,
    se_personnummer::ID,
    sg_nric::ID,
    th_national_id::ID,
    tr_tckn::ID,
    tw_national_id::ID,
    ua_rnokpp::ID,
    us_aba::ID,
    us_itin::ID,
    us_mbi::ID,
    uy_ci::ID,
    vin::ID,
    yu_jmbg::ID,
    za_id::ID,
];
